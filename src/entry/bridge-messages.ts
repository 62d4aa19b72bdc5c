import type { MessagePort } from 'node:worker_threads';
import type { TransferableError } from '../errors/transfer.js';

/** What the bridge can be asked for: each has a module in `bridge-services.ts`. */
export type BridgeServiceName = 'process' | 'command';

/** From the caller to the bridge, on a lane. Instants are on the scale of `sharedNow`. */
export type BridgeRequest =
  | {
      readonly kind: 'call';
      /** Counts up on each lane, so that a late answer can only ever be taken for its own call's. */
      readonly id: number;
      readonly service: BridgeServiceName;
      readonly request: unknown;
    }
  | { readonly kind: 'stop'; readonly id: number; readonly hardDeadline: number };

/** From the bridge to the caller, on the call's lane. */
export type BridgeReply =
  | { readonly kind: 'event'; readonly id: number; readonly event: unknown }
  | { readonly kind: 'returned'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly id: number; readonly error: TransferableError };

/** What a bridge is started with. */
export interface BridgeStart {
  readonly hardstop: { readonly cells: SharedArrayBuffer };
}

/** One more lane, for a call that is made while others wait. */
export interface NewLane {
  readonly lane: MessagePort;
}
