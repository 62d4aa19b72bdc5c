import type { TransferableError } from '../errors/transfer.js';
import type { Stage } from '../strategy/strategy.js';
import type { TransferableTask } from './worker-messages.js';

/** From an owner to its worker or process: one call. Instants are on the scale of `sharedNow()`. */
export interface TaskRequest {
  /** Counts up in each host, so that a reply can only ever be taken for its own request's. */
  readonly id: number;
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
  /** It was sent ahead: its instants count from when it is begun. */
  readonly isAhead?: boolean | undefined;
  /** The soft stop; decides the outcome. `Infinity`: none. */
  readonly deadline: number;
  /** Until when a promise is waited for. Not before `deadline`. */
  readonly hardDeadline: number;
  /**
   * When what runs without a break is interrupted; not before `deadline`. `Infinity`: never, the host uses force.
   * `undefined`: at `hardDeadline`.
   */
  readonly interruptAt?: number | undefined;
  /** Limit on the CPU time that the task burns, ms; `Infinity`: none. */
  readonly cpuTimeout: number;
  /** The scope's label. */
  readonly name: string | undefined;
}

/** How a call has ended. `endedAt` is when the task was done, on the scale of `sharedNow()`. */
export type TaskOutcome = { readonly endedAt: number } & (
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: TransferableError }
  | {
      readonly kind: 'stopped';
      readonly reason: 'deadline' | 'cpu' | 'asked' | 'raised';
      readonly stage: Stage;
      /** `false`: the task goes on although it was told to stop. */
      readonly stopped: boolean;
      /** Where it was. */
      readonly stuck: TransferableError | undefined;
      /** For reason `'raised'`. */
      readonly raised: TransferableError | undefined;
      /** Of a task that came to its end too late by what it knew: its deadline may have been moved meanwhile. */
      readonly late?: { readonly value: unknown } | undefined;
    }
);

/** From the worker or process to its owner: how a call has ended, and whether the next one may come. */
export type TaskReply = TaskOutcome & {
  readonly id: number;
  /** Whether nothing of the task is left running, so that the host can take another one. */
  readonly reusable: boolean;
};
