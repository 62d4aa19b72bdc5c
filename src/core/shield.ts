import { openShields, runShielded } from '../strategy/native-strategy.js';
import { refuseLiveChange } from '../strategy/select-strategy.js';
import { runUnlimited, scopeAround } from './async-step.js';
import { hasAsyncScopes, runInside } from './async-storage.js';
import { innermostScope } from './current-scope.js';
import { isPromiseLike } from './promise-result.js';
import { NO_SHIELD, type Scope } from './scope.js';
import { ShieldNode } from './shield-node.js';
import { uninterrupted } from '../strategy/uninterrupted.js';
import { isGenerator, waitFor } from './yielded.js';

/** Runs work with the deadlines around it held off until it ends: its promise or generator included. */
export function shieldWork(work: () => unknown): unknown {
  const holder = scopeAround();
  if (holder === undefined) return work();
  for (let scope: Scope | undefined = holder; scope !== undefined; scope = scope.enclosing) {
    if (scope.deadline !== Infinity)
      refuseLiveChange(scope.strategy, 'hold a running deadline off');
  }
  if (!hasAsyncScopes()) return holdFrames(holder, work);
  const shield = uninterrupted(() => new ShieldNode(holder));
  let value: unknown;
  try {
    value = enter(shield, work);
  } catch (error) {
    shield.close();
    throw error;
  }
  if (isPromiseLike(value)) return shieldPromise(shield, value);
  shield.close();
  // Its body has not begun: it takes a shield of its own for as long as it runs.
  return isGenerator(value) ? shieldSteps(value) : value;
}

/** Holds off the native frames of what is on the stack. */
function holdFrames(innermost: Scope, work: () => unknown): unknown {
  if (innermost.isShielded()) return runShielded(work);
  innermost.shieldedFrom = openShields() + 1;
  try {
    return runShielded(work);
  } finally {
    innermost.shieldedFrom = NO_SHIELD;
  }
}

/** Runs something that goes on without a break inside a shield. */
function enter(shield: ShieldNode, work: () => unknown): unknown {
  const { scope } = shield;
  const inside = (): unknown => runInside(scope, runUnlimited, work, undefined);
  const innermost = innermostScope();
  return innermost === undefined ? inside() : holdFrames(innermost, inside);
}

function shieldPromise(shield: ShieldNode, promise: PromiseLike<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    shield.reject = reject;
    waitFor(
      promise,
      (value) => {
        shield.close();
        resolve(value);
      },
      (error) => {
        shield.close();
        reject(error);
      },
    );
  });
}

function* shieldSteps(
  steps: Generator<unknown, unknown, unknown>,
): Generator<unknown, unknown, unknown> {
  const holder = scopeAround();
  if (holder === undefined) return yield* steps;
  const shield = uninterrupted(() => new ShieldNode(holder));
  let isDone = false;
  try {
    let step = (): IteratorResult<unknown, unknown> => steps.next();
    for (;;) {
      const { done, value } = enter(shield, step) as IteratorResult<unknown, unknown>;
      isDone = done === true;
      if (isDone) return value;
      try {
        const sent = yield value;
        step = () => steps.next(sent);
      } catch (error) {
        step = () => steps.throw(error);
      }
    }
  } finally {
    // Left before its end: as `yield*` would, it lets the generator clean up.
    if (!isDone) enter(shield, () => steps.return(undefined));
    shield.close();
  }
}
