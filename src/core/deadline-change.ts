import { InvalidStateError } from '../errors/invalid-state-error.js';
import { cancelFrame, rescheduleFrame } from '../strategy/native-strategy.js';
import { refuseLiveChange } from '../strategy/select-strategy.js';
import { refuseIfReliedOn } from './bare-scopes.js';
import { arm, disarm } from './expiry.js';
import type { Scope } from './scope.js';

/** Moves the deadline of a running scope to an instant on its clock. */
export function moveDeadline(scope: Scope, deadline: number): void {
  refuseLiveChange(scope.strategy, 'move a running deadline');
  if (scope.state === 'cancelled') {
    throw new InvalidStateError('The timeout was cancelled: it has no deadline to move');
  }
  const { grace } = scope.settings;
  refuseIfReliedOn(scope, deadline + grace);
  if (!(scope.isAsync ? moveAsync(scope, deadline) : moveSync(scope, deadline))) {
    throw new InvalidStateError('The deadline has passed: it cannot be moved any more');
  }
  scope.timeout = Math.max(0, deadline - scope.startedAt);
}

/** Drops the deadline of a running scope: its work may go on to its end. */
export function dropDeadline(scope: Scope): void {
  refuseLiveChange(scope.strategy, 'drop a running deadline');
  refuseIfReliedOn(scope, -Infinity);
  scope.deadline = Infinity;
  scope.state = 'cancelled';
  if (scope.isAsync) {
    if (scope.node !== undefined) disarm(scope.node);
    adjustFrame(scope);
  } else if (scope.isFramed) {
    cancelFrame(scope.depth);
  }
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
  arm(node);
  adjustFrame(scope);
  return true;
}

/** The frame of a part on the stack keeps the deadlines around as well. */
function adjustFrame(scope: Scope): void {
  if (!scope.isFramed) return;
  const soft = scope.effectiveDeadline();
  const grace = soft === Infinity ? 0 : scope.effectiveHardDeadline() - soft;
  rescheduleFrame(scope.depth, soft, grace);
}
