// How a run begins that outlives its call: of work in this thread, of a task elsewhere, of a command.

import { invalidOptionType } from '../errors/invalid-option-error.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { endUnstarted } from './async-ending.js';
import { nodeOf, orderError, orderOf, stopScope } from './async-node.js';
import { asyncScope } from './async-storage.js';
import type { CallStack } from './call-stack.js';
import type { Failure } from './cleanup-stack.js';
import { renew } from './execution.js';
import { arm } from './expiry.js';
import { follow } from './followed-signals.js';
import { initialDeadline } from './initial-deadline.js';
import type { ScopeSettings } from './options.js';
import { orderedFailure, struckScope } from './reaching-limits.js';
import { RunNode, type Settle } from './run-node.js';
import type { CallSite, Scope } from './scope.js';
import { isInsideItself, refusalInside } from './self-nesting.js';
import { listenForStop } from './soft-stop.js';
import { countArmed } from './statistics.js';

/** The error for a scope that cannot run now. */
export function findMisusedScope(scope: Scope): Error | undefined {
  const { running, isClosed } = scope;
  if (running) return new InvalidStateError('The scope is running already');
  if (isClosed === true) return new InvalidStateError('The timeout has been closed');
  return isInsideItself(scope) ? refusalInside(scope) : undefined;
}

/** The error for an option that only synchronous work can have. */
export function findUnfitOption({ strategy, cpuTimeout }: ScopeSettings): Error | undefined {
  if (strategy !== 'auto') {
    return invalidOptionType('strategy', 'absent for asynchronous work', strategy);
  }
  if (cpuTimeout === Infinity) return undefined;
  return invalidOptionType('cpuTimeout', 'absent for asynchronous work', cpuTimeout);
}

/** Makes the scope ready to run, inside what is below it on the stack or around it in time; arms nothing yet. */
export function begin(
  scope: Scope,
  below: Scope | undefined,
  callSite: CallSite,
  startedAt: number,
  callStack: CallStack,
): RunNode {
  let settle: Settle | undefined;
  const promise = new Promise<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const enclosing = below ?? asyncScope();
  if (scope.state !== 'pending') renew(scope);
  scope.isAsync = true;
  scope.isBare = false;
  scope.isFramed = false;
  scope.strategy = undefined;
  scope.enclosing = enclosing;
  scope.depth = 0;
  scope.callSite = callSite;
  scope.callStack = callStack;
  scope.startedAt = startedAt;
  scope.deadline = initialDeadline(scope, startedAt);
  const node = new RunNode(scope, promise, settle as unknown as Settle);
  scope.node = node;
  return node;
}

/**
 * Work is not started for an aborted signal, for one that cannot be listened to, nor inside a scope that has been told to
 * stop. Else its signal reaches it from here on.
 */
export function isRefused(node: RunNode): boolean {
  const { enclosing, settings } = node.scope;
  const { signal } = settings;
  if (signal?.aborted === true) {
    endUnstarted(node, signal.reason, false);
    return true;
  }
  const failure = enclosing && (orderedFailure(enclosing) ?? findStruck(enclosing));
  if (failure !== undefined) {
    endUnstarted(node, failure.error, true);
    return true;
  }
  if (signal === undefined) return false;
  try {
    follow(signal, node);
  } catch (error) {
    endUnstarted(node, error, false, 'failed');
    return true;
  }
  return false;
}

function findStruck(enclosing: Scope): Failure | undefined {
  const owner = struckScope(enclosing);
  if (owner === undefined) return undefined;
  const order = orderOf(owner, undefined);
  if (owner.isAsync) stopScope(owner, order);
  return { error: orderError(order) };
}

/** From here on deadlines reach it. One that has expired already has its order then. */
export function start(node: RunNode): void {
  const { scope } = node;
  scope.running = true;
  scope.state = 'executing';
  node.attach(nodeOf(scope.enclosing));
  listenForStop(node);
  if (scope.deadline <= scope.startedAt) {
    // Work of this thread is started all the same, and stopped at its first suspension.
    node.order = orderOf(scope, undefined);
  } else if (scope.deadline !== Infinity) {
    node.deadline = scope.deadline;
    arm(node);
    countArmed();
  }
}
