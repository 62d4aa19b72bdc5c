import type { CallOutcome } from '../strategy/isolation/host.js';
import { now } from '../clock.js';
import { asyncTimeAt, fromRealInstant, isRealTime } from './async-clock.js';
import { endByItself, endedThen, endStopped, finish, strikeByClock } from './async-ending.js';
import {
  failureOrder,
  orderError,
  orderOf,
  stopScope,
  tell,
  type StopOrder,
} from './async-node.js';
import { effectiveDeadline, struckScope } from './reaching-limits.js';
import type { RunNode } from './run-node.js';
import { keepInCauses } from './unwinding-error.js';

type StoppedOutcome = Extract<CallOutcome, { readonly kind: 'stopped' }>;

const CLOCK_TOLERANCE_MS = 1;

/** Work outside of this thread has ended. When it did so decides, not when we come to hear of it. */
export function endOutside(node: RunNode, outcome: CallOutcome): void {
  if (node.isOver) {
    node.settleLate();
    return;
  }
  switch (outcome.kind) {
    case 'returned':
      endReturned(node, outcome.value, outcome.endedAt);
      break;
    case 'stopped':
      endStoppedOutside(node, outcome);
      break;
    default:
      if (outcome.kind === 'died' && node.order?.failure !== undefined) {
        // It was to end, in whatever way.
        endStopped(node, node.order, 'kill', true);
        return;
      }
      if (node.order?.owner?.error !== undefined)
        keepInCauses(outcome.error, orderError(node.order));
      endByItself(node, { error: outcome.error }, undefined);
  }
}

function endReturned(node: RunNode, value: unknown, endedAt: number): void {
  const order = node.order ?? orderByClock(node, endedAt);
  if (order !== undefined && !isBefore(endedAt, order)) {
    if (isRealTime()) endedThen(node, order, endedAt);
    endStopped(node, order, 'late', true);
    return;
  }
  // It was on its way while the alarm rang here.
  if (node.order !== undefined) node.order = undefined;
  endByItself(node, undefined, value);
}

function endStoppedOutside(node: RunNode, outcome: StoppedOutcome): void {
  const { stage, stopped, stuck } = outcome;
  if (outcome.reason === 'raised') {
    const failure = { error: outcome.raised };
    tell(node, failureOrder(failure, 0, node));
    finish(node, 'interrupted', failure, undefined);
    return;
  }
  const { scope } = node;
  // It may have been stopped there before the alarm had its turn here, by a clock that is converted from another scale.
  const owner =
    node.order?.owner ??
    (outcome.reason === 'cpu' ? undefined : struckScope(scope, now() + CLOCK_TOLERANCE_MS)) ??
    scope;
  const order = node.order ?? orderOf(owner, stuck);
  stopScope(owner, order);
  node.order ??= order;
  if (!stopped) node.leaveWork();
  if (outcome.reason === 'cpu' && scope.running) {
    // Whether the wall clock has passed the deadline as well since then is of no interest.
    scope.running = false;
    scope.endedAt = fromRealInstant(outcome.endedAt);
  } else if (isRealTime()) {
    endedThen(node, order, outcome.endedAt);
  }
  endStopped(node, order, stage, stopped, stuck ?? order.stuck);
}

/** The order of a deadline that had passed when the work ended, although the alarm has had no turn yet. */
function orderByClock(node: RunNode, endedAt: number): StopOrder | undefined {
  if (fromRealInstant(endedAt) < effectiveDeadline(node.scope, true)) return undefined;
  return strikeByClock(node) ? node.order : undefined;
}

/** Whether the work had ended before the deadline that the order comes from. */
function isBefore(endedAt: number, { owner }: StopOrder): boolean {
  if (owner === undefined) return false;
  return (owner.isAsync ? asyncTimeAt(endedAt) : endedAt) < owner.deadline;
}
