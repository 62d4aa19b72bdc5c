import type { TransferableError } from '../errors/transfer.js';
import type { CommandEnd, CommandFailure } from '../strategy/command/command-end.js';
import type { CommandRequest, OutputStream } from '../strategy/command/command-request.js';

/** A command that the bridge is to run. Instants are on the scale of `sharedNow`. `undefined`: is it ready? */
export type CommandCall =
  | {
      readonly request: CommandRequest;
      readonly deadline: number;
      readonly hardDeadline: number;
    }
  | undefined;

/** Output, as it comes. */
export interface CommandOutput {
  readonly stream: OutputStream;
  readonly chunk: Uint8Array;
}

/** How it ended. */
export interface CommandReply {
  readonly pid: number | undefined;
  /** With its instants on the scale of `sharedNow`, and the failure's error taken apart. */
  readonly end: Omit<CommandEnd, 'failure'>;
  readonly failure: CommandFailure | undefined;
  readonly failureError: TransferableError | undefined;
  readonly durationMs: number;
  /** It was ended for its silence. */
  readonly isIdle: boolean;
}
