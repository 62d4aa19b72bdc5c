import { asyncNow } from './async-clock.js';
import { nextInSequence, type Expiring } from './expiry.js';
import type { Failure } from './cleanup-stack.js';
import type { CallSite, Scope } from './scope.js';
import { timeoutErrorOf } from './scope-error.js';

/** Why a scope has to end before its work does. */
export interface StopOrder {
  /** The scope whose deadline has passed: this one or one around it. */
  readonly owner: Scope | undefined;
  /** What ends it instead: the reason of an aborted signal, or an error that was raised. */
  readonly failure: Failure | undefined;
  /** The node that the failure ends, where it does not come from a scope's deadline. */
  readonly source: AsyncNode | undefined;
  /** Until when the work may settle by itself, on the clock of asynchronous scopes. */
  readonly hardAt: number;
  /** How long that was, ms. */
  readonly grace: number;
  /** Where this thread was busy when the deadline passed. */
  readonly stuck: Error | undefined;
}

/**
 * The place of a scope among those that outlive a call: what is inside it and not on the stack has to be found when its
 * deadline passes. Owned by its scope; read and written on the scope's own thread only.
 */
export abstract class AsyncNode implements Expiring {
  /** The scope's own; after a soft stop, when force is due. */
  deadline: number = Infinity;
  readonly nesting: number = nextInSequence();
  position: number = -1;
  readonly scope: Scope;
  outer: OuterNode | undefined;
  next: AsyncNode | undefined;
  previous: AsyncNode | undefined;
  declare order: StopOrder | undefined;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** The deadline has passed. Must not run code of users. */
  abstract expire(stuck: Error | undefined): void;

  /** It, or what is around it, has been told to stop: whether what is inside it is to be told as well. */
  abstract accept(order: StopOrder): boolean;

  /** What it has on the stack was unwound by a termination of somebody else's, before the call could come back. */
  unwound(): Failure | undefined {
    return undefined;
  }

  /** The limits around it have moved. */
  limitsMoved(): void {
    // Who keeps its own limits asks for them when they matter.
  }

  /** The run around it has ended. */
  orphan(): void {
    // Goes on inside what is around that.
  }

  /** Puts the node into the tree. */
  attach(outer: OuterNode | undefined): void {
    this.outer = outer;
    if (outer === undefined) return;
    this.next = outer.inner;
    if (outer.inner !== undefined) outer.inner.previous = this;
    outer.inner = this;
  }

  /** Takes the node out of the tree, with all that is inside it. */
  unlink(): void {
    const { outer, next, previous } = this;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (outer?.inner === this) outer.inner = next;
    this.outer = this.next = this.previous = undefined;
  }

  /** Takes the node out of the tree; what is inside it belongs to what was around it. */
  detach(): void {
    this.unlink();
  }
}

/** A node that others can be inside of. */
export abstract class OuterNode extends AsyncNode {
  /** The latest of the nodes directly inside; the others follow by `next`. */
  inner: AsyncNode | undefined;
  /** It has its order, which a shield keeps from it. */
  isHeld: boolean = false;
  /** Its work is about to settle: it is given the rest of this turn of the event loop. */
  getsTurn: boolean = false;
  /** How many asynchronous shields are open inside it. */
  openShields: number = 0;

  /** It has an order, and no shield keeps that from it. Must not run code of users. */
  abstract deliver(): void;

  /** The last shield inside it has closed: what was not thrown because of that can be thrown now. */
  reconsider(): void {
    // Nothing is thrown where nothing is resumed by us.
  }

  /** Gives it an order; the first one counts. */
  give(order: StopOrder): void {
    if (this.order !== undefined) return;
    this.order = order;
    if (this.openShields > 0) this.isHeld = true;
    else this.deliver();
  }

  override detach(): void {
    const { outer } = this;
    this.unlink();
    for (let { inner } = this; inner !== undefined; { inner } = this) {
      // With what is inside it: the rest of the tree stays as it is.
      inner.unlink();
      inner.attach(outer);
      if (outer?.order !== undefined) tell(inner, outer.order);
      tellLimits(inner);
    }
  }
}

/** A synchronous scope in whose work asynchronous ones were started. */
class CallNode extends OuterNode {
  expire(): void {
    // Its deadline is watched by what runs it.
  }
  accept(): boolean {
    return true;
  }
  deliver(): void {
    // Nothing is held off from it.
  }
}

/** The node of a scope that others are started in. */
export function nodeOf(scope: Scope | undefined): OuterNode | undefined {
  if (scope === undefined) return undefined;
  if (scope.node instanceof OuterNode) return scope.node;
  const node = new CallNode(scope);
  scope.node = node;
  node.attach(nodeOf(scope.enclosing));
  return node;
}

/**
 * Tells a scope, and all those inside it that no shield protects, to stop. The first order counts: a scope that has one
 * keeps it.
 */
export function tell(node: AsyncNode, order: StopOrder): void {
  // A list and no recursion: scopes may be inside each other by the thousand.
  const told: AsyncNode[] = [node];
  for (let next = told.pop(); next !== undefined; next = told.pop()) {
    if (!next.accept(order) || !(next instanceof OuterNode)) continue;
    for (let { inner } = next; inner !== undefined; inner = inner.next) told.push(inner);
  }
}

/** The same for a scope; nothing happens to one that has nothing outside the stack. */
export function stopScope(scope: Scope, order: StopOrder): void {
  if (scope.node !== undefined) tell(scope.node, order);
}

// How many nodes want to hear of moved limits. Mostly none, and then nobody goes and looks for them.
let limitListeners = 0;

/** Counts a node that wants to hear of moved limits in (1), or out (-1). */
export function countLimitListener(change: 1 | -1): void {
  limitListeners += change;
}

/** Tells a node, and all those inside it, that limits around them have moved. */
export function tellLimits(moved: AsyncNode): void {
  if (limitListeners === 0) return;
  const told: AsyncNode[] = [moved];
  for (let next = told.pop(); next !== undefined; next = told.pop()) {
    next.limitsMoved();
    if (!(next instanceof OuterNode)) continue;
    for (let { inner } = next; inner !== undefined; inner = inner.next) told.push(inner);
  }
}

/** The order that the deadline of a scope gives. */
export function orderOf(owner: Scope, stuck: Error | undefined): StopOrder {
  const { grace } = owner.settings;
  return {
    owner,
    failure: undefined,
    source: undefined,
    hardAt: owner.hardDeadline(),
    grace,
    stuck,
  };
}

/** The order to stop for something else than a deadline, now. */
export function failureOrder(
  failure: Failure,
  grace: number,
  source: AsyncNode | undefined,
): StopOrder {
  const hardAt = asyncNow() + grace;
  return { owner: undefined, failure, source, hardAt, grace, stuck: undefined };
}

/**
 * The error that an order ends a scope with: one object for all the scopes that it ends.
 *
 * @param stage how far the stop has come, should the error be made only now
 */
export function orderError(
  { owner, failure, stuck }: StopOrder,
  stage: 'signal' | 'yield' = 'signal',
): unknown {
  if (owner === undefined) return failure?.error;
  const stopped = stage === 'yield';
  return owner.error ?? timeoutErrorOf(owner, stage, stopped, owner.callSite as CallSite, stuck);
}
