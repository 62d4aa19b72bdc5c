import { getEventListeners } from 'node:events';
import test from 'ava';
import { follow, unfollow, type SignalFollower } from '#internal/core/followed-signals.js';
import { collectGarbage } from '../harness/collect-garbage.js';

/** Writes down what it is told. */
class Listening implements SignalFollower {
  readonly told: unknown[] = [];
  readonly #also: ((reason: unknown) => void) | undefined;
  constructor(also?: (reason: unknown) => void) {
    this.#also = also;
  }
  onAbort(reason: unknown): void {
    this.told.push(reason);
    this.#also?.(reason);
  }
}

const listenerCount = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('a follower is told once, with the reason', (t) => {
  const controller = new AbortController();
  const follower = new Listening();
  follow(controller.signal, follower);
  t.deepEqual(follower.told, []);
  controller.abort('why');
  controller.abort('again');
  controller.signal.dispatchEvent(new Event('abort'));
  t.deepEqual(follower.told, ['why']);
});

test('who follows twice is told once', (t) => {
  const controller = new AbortController();
  const follower = new Listening();
  follow(controller.signal, follower);
  follow(controller.signal, follower);
  controller.abort('why');
  t.deepEqual(follower.told, ['why']);
});

test('followers are told in the order in which they came', (t) => {
  const controller = new AbortController();
  const order: number[] = [];
  const followers = [0, 1, 2, 3].map((i) => new Listening(() => order.push(i)));
  for (const i of [2, 0, 3, 1]) follow(controller.signal, followers[i] as Listening);
  unfollow(controller.signal, followers[2] as Listening);
  follow(controller.signal, followers[2] as Listening);
  controller.abort();
  t.deepEqual(order, [0, 3, 1, 2]);
});

test('who has left is not told', (t) => {
  const controller = new AbortController();
  const [stays, leaves] = [new Listening(), new Listening()];
  follow(controller.signal, leaves);
  follow(controller.signal, stays);
  unfollow(controller.signal, leaves);
  unfollow(controller.signal, leaves);
  controller.abort('why');
  t.deepEqual(leaves.told, []);
  t.deepEqual(stays.told, ['why']);
});

test('leaving a signal that one does not follow changes nothing', (t) => {
  const { signal } = new AbortController();
  unfollow(signal, new Listening());
  follow(signal, new Listening());
  unfollow(signal, new Listening());
  t.is(listenerCount(signal), 1);
});

test('one follower of two signals', (t) => {
  const [first, second] = [new AbortController(), new AbortController()];
  const follower = new Listening();
  follow(first.signal, follower);
  follow(second.signal, follower);
  first.abort(1);
  second.abort(2);
  t.deepEqual(follower.told, [1, 2]);
});

test('10,000 followers one after the other leave the listeners as they were', (t) => {
  const { signal } = new AbortController();
  const ofOthers = (): void => {};
  signal.addEventListener('abort', ofOthers);
  for (let i = 0; i < 10_000; i++) {
    const follower = new Listening();
    follow(signal, follower);
    if (i === 0) t.is(listenerCount(signal), 2);
    unfollow(signal, follower);
  }
  t.deepEqual(getEventListeners(signal, 'abort'), [ofOthers]);
});

test('1,000 followers at a time have one listener, until the last of them leaves', (t) => {
  const { signal } = new AbortController();
  const followers = Array.from({ length: 1_000 }, () => new Listening());
  for (const follower of followers) {
    follow(signal, follower);
    if (listenerCount(signal) !== 1) t.fail('not one listener');
  }
  for (const follower of followers) {
    t.is(listenerCount(signal), 1);
    unfollow(signal, follower);
  }
  t.is(listenerCount(signal), 0);
});

test('after the abort there is no listener', (t) => {
  const controller = new AbortController();
  const follower = new Listening();
  follow(controller.signal, follower);
  follow(controller.signal, new Listening());
  controller.abort();
  t.is(listenerCount(controller.signal), 0);
  unfollow(controller.signal, follower);
});

test('whoever is told may take itself and others out', (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  const last = new Listening();
  const first = new Listening(() => {
    unfollow(signal, first);
    unfollow(signal, last);
  });
  const middle = new Listening();
  for (const follower of [first, middle, last]) follow(signal, follower);
  controller.abort('why');
  t.deepEqual(first.told, ['why']);
  t.deepEqual(middle.told, ['why']);
  t.deepEqual(last.told, []);
  t.is(listenerCount(signal), 0);
});

test('who begins to follow while others are told is told as well, even by the last of them', (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  const late = new Listening();
  const only = new Listening(() => {
    unfollow(signal, only);
    follow(signal, late);
  });
  follow(signal, only);
  controller.abort('why');
  t.deepEqual(late.told, ['why']);
  t.is(listenerCount(signal), 0);
});

test.serial(
  'a follower that throws keeps nobody from being told, and its error is not lost',
  async (t) => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    const controller = new AbortController();
    const throwing = (message: string): Listening =>
      new Listening(() => {
        throw new Error(message);
      });
    const last = new Listening();
    for (const follower of [throwing('a'), throwing('b'), last])
      follow(controller.signal, follower);
    controller.abort('why');
    t.deepEqual(last.told, ['why']);
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
    t.deepEqual(uncaught, [new Error('a'), new Error('b')]);
  },
);

test('a signal of a library that knows nothing of EventTarget', (t) => {
  const listeners: (() => void)[] = [];
  const foreign = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (type: string, listener: () => void) => {
      t.is(type, 'abort');
      listeners.push(listener);
    },
    removeEventListener: (type: string, listener: () => void) => {
      t.is(type, 'abort');
      listeners.splice(listeners.indexOf(listener), 1);
    },
  };
  const signal = foreign as unknown as AbortSignal;
  const [leaves, stays] = [new Listening(), new Listening()];
  follow(signal, leaves);
  follow(signal, stays);
  t.is(listeners.length, 1);
  unfollow(signal, leaves);
  foreign.reason = 'foreign';
  // It tells twice.
  for (const listener of [...listeners, ...listeners]) listener();
  t.deepEqual(stays.told, ['foreign']);
  t.deepEqual(leaves.told, []);
  t.is(listeners.length, 0);
});

test('nothing here keeps a signal or a follower alive', async (t) => {
  const { signal } = new AbortController();
  const references = followAndForget(signal);
  await collectGarbage();
  t.deepEqual(
    references.map((reference) => reference.deref() !== undefined),
    [false, false, false],
  );
});

/** A signal with its follower that nobody else knows, and a follower that has left. */
function followAndForget(signal: AbortSignal): readonly WeakRef<object>[] {
  const forgotten = new AbortController().signal;
  const follower = new Listening(() => forgotten);
  follow(forgotten, follower);
  const left = new Listening();
  follow(signal, left);
  unfollow(signal, left);
  return [new WeakRef(forgotten), new WeakRef(follower), new WeakRef(left)];
}
