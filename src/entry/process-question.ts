import { fromTransferable, toTransferable, type TransferableError } from '../errors/transfer.js';
import type { CallOutcome, HostOptions } from '../strategy/isolation/host.js';
import { fromShared, toShared } from './shared-clock.js';
import type { TransferableTask } from './worker-messages.js';

/** From a blocking caller to the bridge's processes. Instants are on the scale of `sharedNow`. */
export type ProcessQuestion =
  /** Have a process ready. */
  | { readonly kind: 'prepare'; readonly options: HostOptions }
  | {
      readonly kind: 'run';
      readonly options: HostOptions;
      readonly task: TransferableTask;
      readonly args: readonly unknown[];
      readonly deadline: number;
      readonly hardDeadline: number;
      readonly interruptAt: number | undefined;
      readonly cpuTimeout: number;
      readonly name: string | undefined;
      /** Whether the caller wants the task's messages. */
      readonly hasListener: boolean;
    };

type Stopped = Extract<CallOutcome, { readonly kind: 'stopped' }>;

/** The outcome of a call, as it goes back to the blocking caller. */
export type ProcessAnswer = { readonly endedAt: number } & (
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw' | 'died'; readonly error: TransferableError }
  | (Pick<Stopped, 'kind' | 'reason' | 'stage' | 'stopped'> & {
      readonly stuck: TransferableError | undefined;
      readonly raised: TransferableError | undefined;
    })
);

export function toProcessAnswer(outcome: CallOutcome): ProcessAnswer {
  const endedAt = toShared(outcome.endedAt);
  switch (outcome.kind) {
    case 'returned':
      return { ...outcome, endedAt };
    case 'threw':
    case 'died':
      return { kind: outcome.kind, error: toTransferable(outcome.error), endedAt };
    case 'stopped':
      return {
        ...outcome,
        stuck: outcome.stuck === undefined ? undefined : toTransferable(outcome.stuck),
        raised: outcome.raised === undefined ? undefined : toTransferable(outcome.raised),
        endedAt,
      };
  }
}

export function fromProcessAnswer(answer: ProcessAnswer): CallOutcome {
  const endedAt = fromShared(answer.endedAt);
  switch (answer.kind) {
    case 'returned':
      return { ...answer, endedAt };
    case 'threw':
      return { kind: 'threw', error: fromTransferable(answer.error), endedAt };
    case 'died':
      return { kind: 'died', error: fromTransferable(answer.error) as Error, endedAt };
    case 'stopped':
      return {
        ...answer,
        stuck: answer.stuck === undefined ? undefined : (fromTransferable(answer.stuck) as Error),
        raised: answer.raised === undefined ? undefined : fromTransferable(answer.raised),
        endedAt,
      };
  }
}
