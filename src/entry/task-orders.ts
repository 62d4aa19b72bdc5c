import { asyncNow } from '../core/async-clock.js';
import { failureOrder, tell } from '../core/async-node.js';
import { moveDeadline } from '../core/deadline-change.js';
import { arm } from '../core/expiry.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { graceOf, runningNode, servedTask } from './served-task.js';
import { fromShared } from './shared-clock.js';

/**
 * The owner asks the task of that request to stop: the soft stop now, and what does not settle by `hardDeadline` is given
 * up. Called again, or after the deadline, an earlier `hardDeadline` counts.
 */
export function stopTask(id: number, hardDeadline: number): void {
  const served = servedTask();
  const node = runningNode(id);
  if (served === undefined || node === undefined) return;
  const hardAt = fromShared(hardDeadline);
  if (node.order !== undefined) {
    if (!(hardAt < node.order.hardAt)) return;
    node.deadline = hardAt;
    arm(node);
    return;
  }
  served.asked ??= new DOMException('The task was asked to stop', 'AbortError');
  tell(node, failureOrder({ error: served.asked }, Math.max(0, hardAt - asyncNow()), node));
}

/** The owner of the task of that request has moved its deadlines, which the task's scope takes over. */
export function followTaskDeadlines(id: number): void {
  runningNode(id)?.scope.followed?.refresh();
}

/** Moves the deadlines of the task of that request, `interruptAt` as in the request. What has passed already stays. */
export function moveTaskDeadlines(
  id: number,
  deadline: number,
  hardDeadline: number,
  interruptAt?: number,
): void {
  const scope = runningNode(id)?.scope;
  if (scope === undefined) return;
  scope.settings = { ...scope.settings, grace: graceOf(deadline, hardDeadline) };
  if (interruptAt !== undefined) scope.interruptAt = fromShared(interruptAt);
  try {
    moveDeadline(scope, fromShared(deadline));
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error;
  }
}
