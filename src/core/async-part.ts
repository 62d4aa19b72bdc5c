import type { Failure } from './cleanup-stack.js';
import { setInnermostScope } from './current-scope.js';
import { NO_SHIELD, type Scope } from './scope.js';

/** Takes a part of an asynchronous scope off the stack; the scope goes on. */
export function popPart(scope: Scope): void {
  setInnermostScope(scope.below);
  scope.below = undefined;
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.depth = 0;
  scope.shieldedFrom = NO_SHIELD;
}

/** The same for a part that a termination of somebody else's has unwound, so that it could not do it itself. */
export function abandonPart(scope: Scope): Failure | undefined {
  popPart(scope);
  return scope.isStarting ? scope.node?.unwound() : undefined;
}
