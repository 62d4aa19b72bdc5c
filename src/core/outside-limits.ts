import type { RunningCall } from '../strategy/isolation/host.js';
import { asyncNow, isRealTime } from './async-clock.js';
import type { StopOrder } from './async-node.js';
import { now } from '../clock.js';
import { limitsAround } from './reaching-limits.js';
import type { RunNode } from './run-node.js';
import type { Scope } from './scope.js';

/** Instants on the real clock. `hardDeadline` is not before `deadline`. */
export interface OutsideLimits {
  readonly deadline: number;
  readonly hardDeadline: number;
}

/**
 * When work of this scope that goes on outside of this thread is to be stopped there: by its own limits and those around
 * it. Where somebody else makes the time, never by the clock: then it is only told.
 */
export function outsideLimits(scope: Scope): OutsideLimits {
  if (!isRealTime()) return { deadline: Infinity, hardDeadline: Infinity };
  const { soft, hard } = limitsAround(scope);
  return { deadline: soft, hardDeadline: Math.max(soft, Math.min(hard, soft + graceOf(scope))) };
}

/** Hands an order on: the work has the time that is left of the order's grace, and no more than its own. */
export function stopOutside({ scope }: RunNode, call: RunningCall, order: StopOrder): void {
  const isForeign = order.owner !== undefined && order.owner !== scope;
  const left = Math.max(0, order.hardAt - asyncNow());
  call.stop(now() + (isForeign ? Math.min(left, graceOf(scope)) : left));
}

function graceOf({ settings }: Scope): number {
  return settings.grace;
}
