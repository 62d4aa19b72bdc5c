import { asyncNow } from './async-clock.js';
import { endAbandoned } from './async-ending.js';
import { failureOrder, orderError, tell } from './async-node.js';
import { arm } from './expiry.js';
import { stopOutside } from './outside-limits.js';
import type { RunNode } from './run-node.js';

// Private copy: users' fake timers have no part in this.
const { setImmediate } = globalThis;

/** An alarm rings in no context, an abort in somebody else's: the reaction of a promise brings what follows into ours. */
export function listenForStop(node: RunNode): void {
  const woken = new Promise<void>((resolve) => {
    node.wake = resolve;
  });
  void woken.then(() => {
    if (node.isOver) return;
    listenForStop(node);
    hear(node);
  });
}

function hear(node: RunNode): void {
  const { scope, coroutine } = node;
  if (node.raised !== undefined && node.order === undefined) {
    // Which calls this once more.
    tell(node, failureOrder(node.raised.take(), scope.settings.grace, node));
    return;
  }
  const { order } = node;
  if (order === undefined) return;
  if (node.openShields > 0) {
    // Another one was opened meanwhile: its end is the next occasion.
    node.isHeld = true;
    return;
  }
  if (node.isTold) {
    if (node.outside !== undefined) return;
    if (!node.isHardDue) return;
    if (coroutine?.isWaiting === true) endAbandoned(node);
    else endNextTurn(node);
    return;
  }
  node.isTold = true;
  scope.controller?.abort(orderError(order, coroutine === undefined ? 'signal' : 'yield'));
  if (node.isOver) return;
  if (node.outside !== undefined) {
    stopOutside(node, node.outside, order);
    return;
  }
  coroutine?.interrupt();
  // A function inside the scope that was told has no more time than its own grace: that scope waits for it.
  const isForeign = order.owner !== undefined && order.owner !== scope;
  const hasGrace =
    order.grace > 0 && (coroutine !== undefined || !isForeign || scope.settings.grace > 0);
  if (hasGrace) {
    const own = isForeign && coroutine === undefined ? scope.settings.grace : Infinity;
    node.deadline = Math.min(order.hardAt, asyncNow() + own);
    arm(node);
  } else if (coroutine === undefined) {
    endUnlessObeyed(node);
  }
}

/** Work that listens settles at once: it is given the rest of this turn of the event loop. */
function endUnlessObeyed(node: RunNode): void {
  if (node.isHeard()) endNextTurn(node);
  else endAbandoned(node);
}

function endNextTurn(node: RunNode): void {
  setImmediate(() => {
    if (node.isOver) return;
    if (node.openShields > 0) {
      node.isHardDue = true;
      node.isHeld = true;
    } else {
      endAbandoned(node);
    }
  });
}
