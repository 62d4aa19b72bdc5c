import type { MessagePort } from 'node:worker_threads';
import type { TransferableError } from '../errors/transfer.js';

/** A function as its source. */
export interface SourceTask {
  readonly kind: 'source';
  /** A script whose value is the function, or an object that has it as its only member. */
  readonly program: string;
  readonly form: 'function' | 'member';
}

/** A function by its place. */
export interface ModuleTask {
  readonly kind: 'module';
  readonly url: string;
  readonly exportName: string;
}

/** A task in a form that structured clone takes. */
export type TransferableTask = SourceTask | ModuleTask;

/** From the caller to its worker: one call. */
export interface WorkerRequest {
  /** Counts up in each worker, so that a reply can only ever be taken for its own request's. */
  readonly id: number;
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
}

/** From the worker to its caller: how a call has ended. */
export type WorkerAnswer = {
  readonly id: number;
  /** Whether nothing of the task is left running, so that the worker can take another one. */
  readonly reusable: boolean;
} & (
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: TransferableError }
);

/** From the worker to its caller: the thread is about to end because nobody caught this error. */
export interface WorkerDeath {
  readonly kind: 'dying';
  readonly error: TransferableError;
}

/** What a worker of ours is started with. */
export interface WorkerStart {
  readonly hardstop: {
    readonly port: MessagePort;
    readonly cells: SharedArrayBuffer;
  };
}
