import type { MessagePort } from 'node:worker_threads';
import type { TransferableError } from '../errors/transfer.js';
import type { TaskReply, TaskRequest } from './task-request.js';

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

/** A function that `timeoutable` has wrapped, by the place of that call: it is behind one of the module's exports. */
export interface WrappedTask {
  readonly kind: 'wrapped';
  readonly url: string;
  /** `line:column` of the call that made the wrapper. */
  readonly site: string;
  /** For messages. */
  readonly name: string;
}

/** A task in a form that structured clone takes. */
export type TransferableTask = SourceTask | ModuleTask | WrappedTask;

/** What is done before the first task: the URL of a module that is loaded, or an export that is called as well. */
export type Initializer = string | ModuleTask;

/** From the owner to its worker, while that runs a task; of no effect afterwards. Instants are on the shared scale. */
export type TaskControl =
  | { readonly control: 'stop'; readonly id: number; readonly hardDeadline: number }
  /** Its limits were moved; where to is in the memory that both share. */
  | { readonly control: 'move'; readonly id: number };

/** What an owner sends to its worker. `null` is the question whether this end of the channel is there. */
export type WorkerOrder = TaskRequest | TaskControl | { readonly control: 'close' } | null;

/** What a worker sends to its owner. */
export type WorkerReport = TaskReply | WorkerReady | WorkerNote | WorkerDeath;

/** It can take its first request. */
export interface WorkerReady {
  readonly kind: 'ready';
}

/** What a task has to say while it runs. */
export interface WorkerNote {
  readonly kind: 'message';
  readonly id: number;
  readonly message: unknown;
}

/** The thread is about to end because nobody caught this error. */
export interface WorkerDeath {
  readonly kind: 'dying';
  readonly error: TransferableError;
}

/** What a worker of ours is started with. */
export interface WorkerStart {
  readonly hardstop: {
    readonly port: MessagePort;
    readonly cells: SharedArrayBuffer;
    /** See `MovedLimits`. */
    readonly moved: SharedArrayBuffer;
    /** Which requests may be begun. */
    readonly offers: SharedArrayBuffer;
    /** What is done before the first task. */
    readonly initializer: Initializer | undefined;
  };
}
