import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { WorkerReport } from '../../entry/worker-messages.js';
import { fromTransferable, type TransferableError } from '../../errors/transfer.js';
import { WorkerExitError } from '../../errors/worker-exit-error.js';

/** What Node gives a thread that ends because of an error, a failed allocation included. */
const UNCAUGHT_EXIT_CODE = 1;

/** What is known of a thread that has ended by itself. */
interface EndedThread {
  /** `undefined` where no exit handler has run and Node has not told yet. */
  readonly exitCode: number | undefined;
  readonly isReady: boolean;
  /** The owner's end of the channel, in which its last words may be. */
  readonly port: MessagePort;
  /** The error that Node has reported for its end, if it has. */
  readonly reported: unknown;
  /** The error that the thread itself has told of, where that was read already. */
  readonly lastWords: TransferableError | undefined;
}

/** The error for a thread that has ended by itself, with its last words as the cause if it has left any. */
export function exitErrorOf(thread: EndedThread): WorkerExitError {
  const { exitCode, isReady, port, reported } = thread;
  const before = isReady ? 'before the task had answered' : 'before it was ready';
  const dying = thread.lastWords ?? lastWords(port);
  if (dying !== undefined) {
    const cause = fromTransferable(dying);
    const why = cause instanceof Error ? cause.message : String(cause);
    return new WorkerExitError(
      { exitCode: exitCode ?? UNCAUGHT_EXIT_CODE },
      `The worker ended ${before}, because of an error that nobody caught: ${why}`,
      { cause },
    );
  }
  if (exitCode !== undefined)
    return new WorkerExitError({ exitCode }, messageFor(exitCode, before));
  // No exit handler has run. Node then gives the thread this exit code, in an event that comes too late for us.
  return new WorkerExitError(
    { exitCode: UNCAUGHT_EXIT_CODE },
    isReady
      ? 'The worker was ended by Node before the task had answered; most often it was out of memory (see `resourceLimits`)'
      : "The worker ended before it was ready; a module preloaded by --import or --require may have failed in it, or hardstop's files are not all in place",
    reported === undefined ? undefined : { cause: reported },
  );
}

function messageFor(exitCode: number, before: string): string {
  return `The worker ended by itself (exit code ${String(exitCode)}) ${before}`;
}

function lastWords(port: MessagePort): TransferableError | undefined {
  for (;;) {
    try {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return undefined;
      const report = received.message as WorkerReport;
      if (report.kind === 'dying') return report.error;
    } catch {
      // A result that cannot be read here: not what is looked for.
    }
  }
}
