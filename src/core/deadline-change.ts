import { InvalidStateError } from '../errors/invalid-state-error.js';
import { cancelFrame, followInNextFrame, rescheduleFrame } from '../strategy/native-strategy.js';
import { refuseLiveChange } from '../strategy/select-strategy.js';
import { refuseIfReliedOn } from './bare-scopes.js';
import { orderOf, OuterNode, tell, tellLimits, type AsyncNode } from './async-node.js';
import { hasAsyncScopes } from './async-storage.js';
import { innermostScope } from './current-scope.js';
import { arm, disarm } from './expiry.js';
import { limitsAround } from './reaching-limits.js';
import type { Scope } from './scope.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

/** Moves the deadline of a running scope to an instant on its clock. */
export function moveDeadline(scope: Scope, deadline: number): void {
  refuseLiveChange(scope.strategy, 'move a running deadline');
  if (scope.state === 'cancelled') {
    throw new InvalidStateError('The timeout was cancelled: it has no deadline to move');
  }
  refuseIfReliedOn(scope, deadline + scope.settings.grace);
  whole(scope, () => {
    move(scope, deadline);
  });
}

/** Cut in the middle, some would keep to the old deadline, and others to the new one. */
function whole(scope: Scope, change: () => void): void {
  if (scope.node === undefined) change();
  else uninterrupted(change);
}

function move(scope: Scope, deadline: number): void {
  const { node } = scope;
  if (!(scope.isAsync ? moveAsync(scope, deadline) : moveSync(scope, deadline))) {
    throw new InvalidStateError('The deadline has passed: it cannot be moved any more');
  }
  scope.limit ??= scope.timeout;
  scope.timeout = Math.max(0, deadline - scope.startedAt);
  // From here on it has limits of its own.
  if (scope.followed !== undefined) scope.followed = undefined;
  adjustParts(scope);
  if (node !== undefined) tellLimits(node);
}

/**
 * Takes over the limits of a running asynchronous scope that another thread has moved while they had not passed. Unlike in
 * `moveDeadline` it may be later by now: what counts is whether the end has been taken for come here.
 *
 * @returns whether they hold now
 */
export function followDeadline(scope: Scope, deadline: number, grace: number): boolean {
  const { node } = scope;
  if (node === undefined || !scope.running || node.order !== undefined) return false;
  if (scope.state === 'cancelled' || scope.pace?.hasShownExpiry === true) return false;
  scope.settings = { ...scope.settings, grace };
  scope.limit ??= scope.timeout;
  scope.timeout = Math.max(0, deadline - scope.startedAt);
  scope.deadline = deadline;
  node.deadline = deadline;
  arm(node);
  adjustParts(scope);
  tellLimits(node);
  return true;
}

/** Drops the deadline of a running scope: its work may go on to its end. */
export function dropDeadline(scope: Scope): void {
  // Once it has struck, there is nothing to drop: what is left is the grace.
  if (scope.node?.order !== undefined) return;
  refuseLiveChange(scope.strategy, 'drop a running deadline');
  refuseIfReliedOn(scope, -Infinity);
  whole(scope, () => {
    drop(scope);
  });
}

function drop(scope: Scope): void {
  if (scope.followed !== undefined) scope.followed = undefined;
  scope.deadline = Infinity;
  scope.state = 'cancelled';
  const { node } = scope;
  if (!scope.isAsync) {
    if (scope.isFramed) cancelFrame(scope.depth);
  } else if (node !== undefined) {
    disarm(node);
  }
  adjustParts(scope);
  if (node !== undefined) tellLimits(node);
}

/** `false`: the deadline has passed. */
function moveSync(scope: Scope, deadline: number): boolean {
  const { grace } = scope.settings;
  const isMoved =
    scope.pace?.hasShownExpiry !== true &&
    (scope.isFramed
      ? rescheduleFrame(scope.depth, deadline, grace)
      : scope.time() < scope.deadline);
  if (isMoved) scope.deadline = deadline;
  return isMoved;
}

function moveAsync(scope: Scope, deadline: number): boolean {
  const { node } = scope;
  if (node === undefined || node.order !== undefined) return false;
  if (scope.pace?.hasShownExpiry === true || scope.time() >= scope.deadline) return false;
  scope.deadline = deadline;
  node.deadline = deadline;
  // One that has passed stops the work where it waits next, as a limit of 0 does. What was started has no work: it expires.
  if (deadline > scope.time() || !(node instanceof OuterNode)) arm(node);
  else stopNow(node, scope);
  return true;
}

function stopNow(node: AsyncNode, scope: Scope): void {
  disarm(node);
  uninterrupted(() => {
    tell(node, orderOf(scope, undefined));
  });
}

/** The frames of the parts on the stack keep the deadlines around them as well. */
function adjustParts(scope: Scope): void {
  if (!hasAsyncScopes()) return;
  for (let part = innermostScope(); part !== undefined; part = part.below) {
    if (part.isAsync && part.isFramed) {
      const { soft, hard, followed, othersSoft, othersHard } = limitsAround(part);
      if (followed !== undefined) followInNextFrame(othersSoft, othersHard);
      rescheduleFrame(part.depth, soft, hard === soft ? 0 : hard - soft);
    }
    if (part === scope) break;
  }
}
