// Which limits reach the work of a scope: its own and those of the scopes around it, unless a shield holds them off.

import { now } from '../clock.js';
import { struckDepth } from '../strategy/native-strategy.js';
import { asyncTimeAt, fromRealInstant, toRealInstant } from './async-clock.js';
import { asyncScope } from './async-storage.js';
import type { Failure } from './cleanup-stack.js';
import { innermostScope } from './current-scope.js';
import type { Scope } from './scope.js';

/**
 * What a part has that begins when all time is up: what cleans up in a `finally`, or the first part of a run that had none.
 * Enough for that; what takes longer without a break does not end by itself.
 */
const OVERTIME_MS = 1_000;

/** When work is asked to stop, and when it is stopped, on the real clock. */
export interface Limits {
  readonly soft: number;
  readonly hard: number;
  /** Some of them are kept by another thread; the others alone are these. */
  readonly followed: FollowedLimits | undefined;
  readonly othersSoft: number;
  readonly othersHard: number;
}

/** The limits of a scope that another thread keeps, and may move at any time. */
export interface FollowedLimits {
  /** Gives the scope what they are now, where they were moved; whether they were. Cheap where they were not. */
  refresh(): boolean;
}

// Asked for once for each step of a coroutine: nothing is to be allocated for it.
const limits: Mutable<Limits> = {
  soft: Infinity,
  hard: Infinity,
  followed: undefined,
  othersSoft: Infinity,
  othersHard: Infinity,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The earliest deadline that reaches a scope's work: its own or one around it; `Infinity` inside a shield. On the real
 * clock, or on that of asynchronous scopes.
 */
export function effectiveDeadline(inner: Scope, isForAsync: boolean = false): number {
  let earliest = Infinity;
  for (let scope = firstReaching(inner); scope !== undefined; scope = nextReaching(scope)) {
    const deadline = isForAsync
      ? onAsyncClock(scope, scope.deadline)
      : onRealClock(scope, scope.deadline);
    if (deadline < earliest) earliest = deadline;
  }
  return earliest;
}

/** What is left at `time`, on the real clock, until the earliest deadline that reaches a scope's work, ms; negative after it. */
export function timeLeft(inner: Scope, time: number): number {
  // Both clocks are read once: what is due on one of them that stands still is due, and equal deadlines are equal.
  const asyncTime = asyncTimeAt(time);
  let left = Infinity;
  for (let scope = firstReaching(inner); scope !== undefined; scope = nextReaching(scope)) {
    const ownLeft = scope.deadline - (scope.isAsync ? asyncTime : time);
    if (ownLeft < left) left = ownLeft;
  }
  return left;
}

/**
 * The earliest instant at which force may be used on work directly inside a scope.
 *
 * @param isOnStack only force that unwinds the stack of this thread counts
 */
export function effectiveHardDeadline(inner: Scope, isOnStack: boolean = false): number {
  let earliest = Infinity;
  for (let scope = firstReaching(inner); scope !== undefined; scope = nextReaching(scope)) {
    if (isOnStack && scope.isElsewhere) continue;
    earliest = Math.min(earliest, onRealClock(scope, forceDeadline(scope)));
  }
  return earliest;
}

/**
 * The earliest deadlines of a scope and those around it, on the real clock. One that was told to stop has only what is left
 * of its grace; after that those around it count alone.
 *
 * @param heedsShields whether shields that are open on the stack hold deadlines off
 * @returns one object for all calls: to be read at once
 */
export function limitsAround(inner: Scope, heedsShields: boolean = false): Limits {
  let soft = Infinity;
  let hard = Infinity;
  let scope: Scope | undefined = isHeldOff(inner, heedsShields) ? undefined : inner;
  limits.followed = undefined;
  for (; scope !== undefined; scope = nextReaching(scope, heedsShields)) {
    if (scope.followed !== undefined) {
      scope.followed.refresh();
      limits.followed = scope.node?.order === undefined ? scope.followed : undefined;
      limits.othersSoft = soft;
      limits.othersHard = hard;
    }
    const order = scope.node?.order;
    let ownSoft: number;
    let ownHard: number;
    if (order === undefined) {
      ownSoft = onRealClock(scope, scope.deadline);
      const hardAt = forceDeadline(scope);
      ownHard = hardAt === scope.deadline ? ownSoft : onRealClock(scope, hardAt);
    } else {
      ownSoft = onRealClock(scope, order.hardAt);
      if (ownSoft <= now()) ownSoft = scope === inner ? now() + OVERTIME_MS : Infinity;
      ownHard = ownSoft;
    }
    if (ownSoft < soft) soft = ownSoft;
    if (ownHard < hard) hard = ownHard;
  }
  limits.soft = soft;
  limits.hard = hard;
  return limits;
}

/**
 * The scope whose deadline stops a scope's work, if one has passed at `time`, on the real clock: the earliest, of equal
 * ones the outermost.
 */
export function struckScope(inner: Scope, time: number = now()): Scope | undefined {
  const asyncTime = asyncTimeAt(time);
  const nativelyStruck = struckDepth();
  let owner: Scope | undefined;
  let longest = 0;
  for (let scope = firstReaching(inner); scope !== undefined; scope = nextReaching(scope)) {
    // A CPU limit strikes where the clock says nothing; the watchdog tells by the depth of the frame.
    const isUsedUp = scope.settings.cpuTimeout !== Infinity && nativelyStruck <= scope.depth;
    const passed = (scope.isAsync ? asyncTime : time) - scope.deadline;
    const ago = isUsedUp ? Math.max(0, passed) : passed;
    if (ago >= longest) {
      longest = ago;
      owner = scope;
    }
  }
  return owner;
}

/** Why a scope's work has to stop, other than for a deadline, if an asynchronous scope says so. */
export function orderedFailure(inner: Scope): Failure | undefined {
  for (let scope = firstReaching(inner); scope !== undefined; scope = nextReaching(scope)) {
    // The first cause counts, be it a deadline.
    const order = scope.node?.order;
    if (order !== undefined) return order.failure;
  }
  return undefined;
}

/** When force is used on what a scope has on the stack. */
function forceDeadline(scope: Scope): number {
  return scope.interruptAt ?? scope.hardDeadline();
}

function onRealClock(scope: Scope, instant: number): number {
  return scope.isAsync ? toRealInstant(instant) : instant;
}

function onAsyncClock(scope: Scope, instant: number): number {
  return scope.isAsync ? instant : fromRealInstant(instant);
}

/** The scope itself, unless a shield inside it holds its deadline off. */
function firstReaching(inner: Scope): Scope | undefined {
  let isShielded = false;
  const innermost = innermostScope() ?? asyncScope();
  for (let scope = innermost; scope !== undefined; scope = scope.enclosing) {
    isShielded ||= isHeldOff(scope, true);
    if (scope === inner && isShielded) return undefined;
    if (scope === inner) break;
  }
  inner.followed?.refresh();
  return inner;
}

/** The scope around one that has a say, unless a shield holds it off. */
function nextReaching(inner: Scope, heedsShields: boolean = true): Scope | undefined {
  let { enclosing } = inner;
  while (enclosing !== undefined && !enclosing.isBinding()) enclosing = enclosing.enclosing;
  if (enclosing === undefined || isHeldOff(enclosing, heedsShields)) return undefined;
  enclosing.followed?.refresh();
  return enclosing;
}

/** Whether a scope's limits, and those around it, do not reach what is inside it. */
function isHeldOff(scope: Scope, heedsShields: boolean): boolean {
  return scope.isShieldBoundary === true || (heedsShields && scope.isShielded());
}
