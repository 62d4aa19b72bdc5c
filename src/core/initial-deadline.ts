import { isInspectorOpen } from './debug.js';
import type { Scope } from './scope.js';

/**
 * The deadline that a run begins with, on the clock of `startedAt`. Where the scope was given one, its timeout is what is
 * left of it.
 */
export function initialDeadline(scope: Scope, startedAt: number): number {
  const { deadline, suspendable } = scope.settings;
  if (deadline !== undefined) scope.timeout = Math.max(0, deadline - startedAt);
  if (suspendable && isInspectorOpen()) return Infinity;
  return deadline ?? startedAt + scope.timeout;
}
