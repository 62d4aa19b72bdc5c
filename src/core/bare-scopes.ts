import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { innermostScope } from './current-scope.js';
import type { Scope } from './scope.js';

/**
 * Throws when a deadline cannot be moved because of scopes without a native frame: a scope inside `scope` may have none,
 * counting on this deadline to come no later than its own, and `scope` itself may have none.
 *
 * @param hardDeadline where it is to be moved; `-Infinity`: the deadline is to be dropped
 */
export function refuseIfReliedOn(scope: Scope, hardDeadline: number): void {
  const isDropped = hardDeadline === -Infinity;
  if (scope.isBare && !isDropped && hardDeadline < (scope.enclosingHardDeadline ?? Infinity))
    refuse();
  for (let inner = innermostScope(); inner !== undefined && inner !== scope; inner = inner.below) {
    if (!inner.isBare || !isAround(scope, inner)) continue;
    if (isDropped || hardDeadline > inner.hardDeadline()) refuse();
  }
}

function isAround(scope: Scope, inner: Scope): boolean {
  let around = inner.enclosing;
  while (around !== undefined && around !== scope) around = around.enclosing;
  return around === scope;
}

function refuse(): never {
  throw new StrategyUnavailableError(
    'native',
    'Scopes that are nested this deep share the deadlines of those around them: they cannot be moved or dropped now',
  );
}
