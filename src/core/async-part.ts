import type { Failure } from './cleanup-stack.js';
import { nativeDepth } from '../strategy/native-strategy.js';
import { setInnermostScope } from './current-scope.js';
import { NO_SHIELD, type Scope } from './scope.js';

/** Takes a part of an asynchronous scope off the stack; the scope goes on. */
export function popPart(scope: Scope): void {
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.shieldedFrom = NO_SHIELD;
  if (scope.isStarting === true) {
    // The call that starts it is still there, and with it the scope.
    scope.depth = nativeDepth();
    setInnermostScope(scope);
    return;
  }
  scope.depth = 0;
  setInnermostScope(scope.below);
  scope.below = undefined;
}

/** The same for a part that a termination of somebody else's has unwound, so that it could not do it itself. */
export function abandonPart(scope: Scope): Failure | undefined {
  // What is below it stays known: those who tidy up after it ask for that.
  setInnermostScope(scope.below);
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.depth = 0;
  return scope.isStarting === true ? scope.node?.unwound() : undefined;
}
