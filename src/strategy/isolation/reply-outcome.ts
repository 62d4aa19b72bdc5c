import { fromShared } from '../../entry/shared-clock.js';
import type { TaskReply } from '../../entry/task-request.js';
import { fromTransferable } from '../../errors/transfer.js';
import type { CallOutcome } from './host.js';

/** What a reply means to the owner of the host: instants on this thread's own scale, errors rebuilt. */
export function outcomeOf(reply: TaskReply): CallOutcome {
  const endedAt = fromShared(reply.endedAt);
  switch (reply.kind) {
    case 'returned':
      return { kind: 'returned', value: reply.value, endedAt };
    case 'threw':
      return { kind: 'threw', error: fromTransferable(reply.error), endedAt };
    case 'stopped': {
      const { reason, stage, stopped, stuck, raised } = reply;
      return {
        kind: 'stopped',
        reason,
        stage,
        stopped,
        stuck: stuck === undefined ? undefined : (fromTransferable(stuck) as Error),
        raised: raised === undefined ? undefined : fromTransferable(raised),
        endedAt,
      };
    }
  }
}
