import { types } from 'node:util';
import { isPromiseLike } from '../core/promise-result.js';
import type { RunNode } from '../core/run-node.js';
import type { Scope } from '../core/scope.js';
import { isGenerator } from '../core/yielded.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { isTimeoutError, type TimeoutError } from '../errors/timeout-error.js';
import { toTransferable } from '../errors/transfer.js';
import { isCleanCut } from './clean-cut.js';
import { explainMissingVariable } from './load-task.js';
import type { ServedTask } from './served-task.js';
import { toShared } from './shared-clock.js';
import type { TaskOutcome, TaskReply } from './task-request.js';
import { sharedNow } from './worker-cells.js';

type StoppedOutcome = Extract<TaskOutcome, { readonly kind: 'stopped' }>;

/** More than the rounding of an instant costs that is converted between the scales of two threads, ms. */
const CONVERSION_MS = 1e-4;

/** What an error that ended the scope means: a stop, or an error of the task's. */
export function failed(call: ServedTask, scope: Scope, error: unknown): TaskOutcome {
  const endedAt = endOf(scope);
  if (isTimeoutError(error)) {
    const isOwn = scope.state === 'timed_out' && error === scope.error;
    const isCpu = call.cpu?.isCauseOf(error) === true;
    if (isOwn || isCpu) {
      call.isTorn = isTorn(error, call);
      const { stage, cause } = error;
      return isOwn
        ? stopped('deadline', stage, error.stopped, cause, pastDeadline(scope, endedAt))
        : stopped('cpu', stage, error.stopped, cause, endedAt);
    }
  }
  const node = scope.node as RunNode;
  const order = node.order?.failure;
  if (order === undefined || order.error !== error) {
    return threw(explainMissingVariable(call.request.task, error), endedAt);
  }
  const isStopped = node.abandoned === 0;
  if (error === call.asked) {
    const stage = !isStopped ? 'abandoned' : node.coroutine === undefined ? 'signal' : 'yield';
    return stopped('asked', stage, isStopped, undefined, endedAt);
  }
  if (call.cpu?.isCauseOf(error) === true) {
    return stopped('cpu', isStopped ? 'signal' : 'abandoned', isStopped, undefined, endedAt);
  }
  const cut = node.order?.stuck;
  call.isTorn = call.hasBegun && cut !== undefined && !isCleanCut(cut, call.programFile());
  return {
    ...stopped('raised', isStopped ? 'interrupt' : 'abandoned', isStopped, undefined, endedAt),
    raised: toTransferable(error),
  };
}

/** Where the engine could not be asked, nobody knows what was cut. */
function isTorn({ stage, cause }: TimeoutError, { hasBegun, programFile }: ServedTask): boolean {
  if (!hasBegun) return false;
  if (stage === 'terminate') return true;
  return stage === 'interrupt' && cause instanceof Error && !isCleanCut(cause, programFile());
}

/** What has not been told of a moved deadline cannot know whether a value has come too late: its owner does. */
export async function withLateValue(
  outcome: StoppedOutcome,
  result: unknown,
): Promise<TaskOutcome> {
  if (types.isPromise(result)) return { ...outcome, late: { value: await result } };
  // Of these there is no value any more.
  if (isGenerator(result) || isPromiseLike(result)) return outcome;
  return { ...outcome, late: { value: result } };
}

/** It was stopped, or not started. */
export function stopped(
  reason: StoppedOutcome['reason'],
  stage: StoppedOutcome['stage'],
  isStopped: boolean,
  stuck: unknown,
  endedAt: number,
): StoppedOutcome {
  return {
    kind: 'stopped',
    reason,
    stage,
    stopped: isStopped,
    stuck: stuck instanceof Error ? toTransferable(stuck) : undefined,
    raised: undefined,
    endedAt,
  };
}

/** It ended with an error of its own. */
export function threw(error: unknown, endedAt: number): TaskOutcome {
  return { kind: 'threw', error: toTransferable(error), endedAt };
}

/** The reply in place of one that cannot be sent to the owner. */
export function unsendable(reply: TaskReply, cause: unknown): TaskReply {
  const why = cause instanceof Error ? cause.message : String(cause);
  const error = new NotTransferableError(
    `The result of the task cannot be sent to the caller: ${why}`,
    { cause },
  );
  const { id, endedAt, reusable } = reply;
  if (reply.kind === 'stopped') return { ...reply, late: undefined };
  return { kind: 'threw', error: toTransferable(error), id, endedAt, reusable };
}

/** When the scope's work ended, on the scale that threads share. */
export function endOf(scope: Scope): number {
  return Number.isNaN(scope.endedAt) ? sharedNow() : toShared(scope.endedAt);
}

/** An instant at which the deadline has passed on its owner's scale as well: between the two it may have lost a hair. */
function pastDeadline({ deadline }: Scope, endedAt: number): number {
  return Math.max(endedAt, toShared(deadline) + CONVERSION_MS);
}
