import { defineErrorName } from './error-name.js';

/** Thrown when the worker thread that ran a task ended by itself before it had answered. */
export class WorkerExitError extends Error {
  static {
    defineErrorName(this, 'WorkerExitError');
  }
  readonly code = 'ERR_HARDSTOP_WORKER_EXIT';
  /** What the thread passed to `process.exit`, or Node's own code; `undefined` where it cannot be known. */
  readonly exitCode: number | undefined;
  /** Always `undefined` for a thread; present so that callers can treat threads and processes alike. */
  readonly signal: string | undefined;

  constructor(
    fields: { readonly exitCode: number | undefined; readonly signal?: string | undefined },
    message: string = `The worker ended by itself (exit code ${String(fields.exitCode ?? 'unknown')}) before the task had answered`,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.exitCode = fields.exitCode;
    this.signal = fields.signal;
  }
}
