import type { TreeEndReport } from '../process-tree/tree-end.js';
import type { OutputStream } from './command-request.js';

/** What of our own has ended a command, or kept it from starting. */
export type CommandFailure =
  /** It could not be started. */
  | { readonly kind: 'spawn'; readonly error: unknown }
  /** It printed more than is to be kept. */
  | { readonly kind: 'maxBuffer'; readonly stream: OutputStream }
  /** A file for its output could not be written. */
  | { readonly kind: 'file'; readonly error: unknown }
  /** A callback of the user's has thrown. */
  | { readonly kind: 'callback'; readonly error: unknown };

/** How a command ended. Instants are ms on the `performance.now()` scale. */
export interface CommandEnd {
  /** `undefined` where it was not started, died of a signal, or could not be ended. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** When its process had ended and its output was read to the end. */
  readonly endedAt: number;
  /** The process has ended and was reaped, or there was none. */
  readonly hasExited: boolean;
  /** Output was still held open by others when it was given up. */
  readonly outputIncomplete: boolean;
  /** What was done to end the tree; `undefined`: nothing, it ended by itself in time. */
  readonly tree: TreeEndReport | undefined;
  /** Its owner has asked for its end. */
  readonly isKilled: boolean;
  readonly failure: CommandFailure | undefined;
}
