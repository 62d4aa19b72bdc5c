import type { TransferableError } from '../errors/transfer.js';
import type { TaskReply, TaskRequest } from './task-request.js';
import type { Initializer } from './worker-messages.js';

/** From the owner to its process. Instants are on the scale of `sharedNow`, which all processes share. */
export type ProcessOrder =
  /** The first message: what to do before the first call. */
  | { readonly kind: 'start'; readonly initializer: Initializer | undefined }
  | { readonly kind: 'run'; readonly request: TaskRequest }
  | { readonly kind: 'stop'; readonly id: number; readonly hardDeadline: number }
  | {
      readonly kind: 'move';
      readonly id: number;
      readonly deadline: number;
      readonly hardDeadline: number;
      readonly interruptAt: number | undefined;
    };

/** From the process to its owner. */
export type ProcessReport =
  | { readonly kind: 'ready' }
  /** The initialiser has failed: there will be no call. */
  | { readonly kind: 'failed'; readonly error: TransferableError }
  /** It has been told to stop: what it runs is not stuck. */
  | { readonly kind: 'told'; readonly id: number }
  | { readonly kind: 'message'; readonly id: number; readonly message: unknown }
  | { readonly kind: 'reply'; readonly reply: TaskReply }
  /** The process is about to end because nobody caught this error. */
  | { readonly kind: 'dying'; readonly error: TransferableError };
