import type { TaskReply } from '../../entry/task-request.js';
import { fromTransferable } from '../../errors/transfer.js';

/** Whether the error tells that a program which the task was waiting for was ended by a signal: the one that we have sent. */
export function endedChild(reply: TaskReply & { readonly kind: 'threw' }): boolean {
  const error = fromTransferable(reply.error) as { readonly signal?: unknown } | null | undefined;
  return error?.signal === 'SIGTERM' || error?.signal === 'SIGKILL';
}
