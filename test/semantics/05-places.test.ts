import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import vm from 'node:vm';
import test from 'ava';
import { runSync } from 'hardstop';
import { outcomeOf, timeoutOf, type Outcome } from '../harness/outcome.js';
import { runFixture } from '../harness/run-fixture.js';
import { strategies, testEachStrategy, type InThreadStrategy } from '../harness/strategies.js';
import { loopForever } from '../harness/work.js';

/** A scope that is stopped inside, then one that ends in time: what every place has to be able to do. */
function stopThenReturn(strategy: InThreadStrategy): 'ok' {
  const { threw } = outcomeOf(() => runSync(loopForever, { timeout: 2, strategy }));
  if (!threw) throw new Error('the loop was not stopped');
  return runSync(() => 'ok', { timeout: 10_000, strategy });
}

const places: readonly [string, (run: () => 'ok') => unknown][] = [
  [
    'a getter',
    (run) =>
      ({
        get value() {
          return run();
        },
      }).value,
  ],
  [
    'a setter',
    (run) => {
      let seen: unknown;
      const object = {
        set value(_: number) {
          seen = run();
        },
      };
      object.value = 1;
      return seen;
    },
  ],
  ['a proxy trap', (run) => new Proxy({} as { value?: unknown }, { get: () => run() }).value],
  ['toString', (run) => String({ toString: run })],
  ['valueOf', (run) => (({ valueOf: () => (run() === 'ok' ? 1 : 0) }) as never) > 0 && 'ok'],
  ['Symbol.toPrimitive', (run) => String({ [Symbol.toPrimitive]: run })],
  [
    'a sort comparator',
    (run) => {
      let seen: unknown;
      [2, 1].sort((a, b) => {
        seen = run();
        return a - b;
      });
      return seen;
    },
  ],
  ['a JSON.parse reviver', (run) => JSON.parse('1', () => run())],
  ['a toJSON method', (run) => JSON.parse(JSON.stringify({ toJSON: run }))],
  ['a replace callback', (run) => 'x'.replace('x', () => run())],
  ['an array callback', (run) => [1].map(() => run())[0]],
  [
    'Symbol.iterator',
    (run) =>
      [
        ...{
          *[Symbol.iterator]() {
            yield run();
          },
        },
      ][0],
  ],
  [
    'a generator body',
    (run) => {
      function* generate(): Generator {
        yield run();
      }
      return generate().next().value;
    },
  ],
  ['a tagged template', (run) => ((_: TemplateStringsArray) => run())`text`],
  [
    'a class static block',
    (run) => {
      let seen: unknown;
      class Place {
        static {
          seen = run();
        }
      }
      Reflect.ownKeys(Place);
      return seen;
    },
  ],
  [
    'a field initialiser',
    (run) => {
      class Place {
        readonly value = run();
      }
      return new Place().value;
    },
  ],
  [
    'a constructor',
    (run) => {
      class Place {
        readonly value: string;
        constructor() {
          this.value = run();
        }
      }
      return new Place().value;
    },
  ],
  ['a default parameter', (run) => ((value: unknown = run()) => value)()],
  ['a computed key', (run) => ({ [run()]: 'ok' }).ok],
  [
    'Symbol.hasInstance',
    (run) => ({}) instanceof ({ [Symbol.hasInstance]: () => run() === 'ok' } as never) && 'ok',
  ],
  [
    'an event handler',
    (run) => {
      const emitter = new EventEmitter();
      let seen: unknown;
      emitter.on('event', () => {
        seen = run();
      });
      emitter.emit('event');
      return seen;
    },
  ],
  [
    'an EventTarget listener',
    (run) => {
      const target = new EventTarget();
      let seen: unknown;
      target.addEventListener('event', () => {
        seen = run();
      });
      target.dispatchEvent(new Event('event'));
      return seen;
    },
  ],
  ['a vm context', (run) => vm.runInNewContext('run()', { run })],
  ['code made by eval', (run) => new Function('run', 'return run()')(run)],
  [
    'Reflect.construct',
    (run) =>
      (
        Reflect.construct(
          function (this: unknown) {
            return { value: run() };
          } as never,
          [],
        ) as { value: unknown }
      ).value,
  ],
  [
    'a finally block',
    (run) => {
      let seen: unknown;
      try {
        seen = 'not reached';
      } finally {
        seen = run();
      }
      return seen;
    },
  ],
];

for (const [place, enter] of places) {
  testEachStrategy(`a scope works in ${place}`, (t, strategy) => {
    t.is(
      enter(() => stopThenReturn(strategy)),
      'ok',
    );
  });

  testEachStrategy(`a scope around ${place} stops a loop in it`, (t, strategy) => {
    const error = timeoutOf(t, () => runSync(() => enter(loopForever), { timeout: 5, strategy }));
    t.true(error.stopped);
    t.true(error.elapsed < 30_000);
  });

  testEachStrategy(`scopes inside and around ${place}: each stops its own`, (t, strategy) => {
    let inner: Outcome | undefined;
    const error = timeoutOf(t, () =>
      runSync(
        () =>
          enter(() => {
            inner ??= outcomeOf(() => stopThenReturn(strategy));
            return loopForever();
          }),
        { timeout: 20, strategy },
      ),
    );
    t.is(error.timeout, 20);
    // On a busy machine the outer deadline may have passed before the inner scopes had their turn.
    if (inner?.threw === false) t.is(inner.value, 'ok');
  });
}

const laterPlaces: readonly [string, (callback: () => void) => void][] = [
  ['a microtask', queueMicrotask],
  ['a promise reaction', (callback) => void Promise.resolve().then(callback)],
  ['a nextTick callback', (callback) => process.nextTick(callback)],
  ['a setTimeout callback', (callback) => void setTimeout(callback, 1)],
  [
    'a setInterval callback',
    (callback) => {
      const timer = setInterval(() => {
        clearInterval(timer);
        callback();
      }, 1);
    },
  ],
  ['a setImmediate callback', (callback) => void setImmediate(callback)],
  [
    'the first part of an async function',
    (callback) =>
      void (async () => {
        callback();
      })(),
  ],
  [
    'the rest of an async function',
    (callback) =>
      void (async () => {
        await Promise.resolve();
        callback();
      })(),
  ],
  [
    'an async generator',
    (callback) =>
      void (async () => {
        async function* generate(): AsyncGenerator {
          await Promise.resolve();
          callback();
          yield 1;
        }
        for await (const value of generate()) Object(value);
      })(),
  ],
  [
    'a MessagePort event',
    (callback) => {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', () => {
        port1.close();
        callback();
      });
      port2.postMessage(1);
    },
  ],
];

for (const [place, schedule] of laterPlaces) {
  testEachStrategy(
    `a scope works in ${place}, and everything else goes on`,
    async (t, strategy) => {
      const storage = new AsyncLocalStorage<string>();
      const events: string[] = [];
      const others = Promise.all([
        new Promise<void>((resolve) =>
          setTimeout(() => {
            events.push('timer');
            resolve();
          }, 5),
        ),
        (async () => {
          for (let i = 0; i < 5; i++) await Promise.resolve();
          events.push('microtasks');
        })(),
      ]);
      const seen = await new Promise((resolve) => {
        storage.run('store', () =>
          schedule(() => {
            const result = stopThenReturn(strategy);
            queueMicrotask(() => resolve([result, storage.getStore()]));
          }),
        );
      });
      t.deepEqual(seen, ['ok', 'store']);
      await others;
      t.deepEqual(events.sort(), ['microtasks', 'timer']);
      t.is(storage.getStore(), undefined);
    },
  );
}

for (const strategy of strategies()) {
  test(`a scope works at the top level of a module, and of what it imports [${strategy}]`, async (t) => {
    const child = await runFixture('semantics/top-level', { args: [strategy] });
    t.is(child.code, 0, child.stderr);
    t.is(child.stdout, 'stopped\nin time\n');
  });

  test(`a scope works at the top level of a CommonJS module [${strategy}]`, async (t) => {
    const child = await runFixture('semantics/top-level-commonjs.cjs', { args: [strategy] });
    t.is(child.code, 0, child.stderr);
    t.is(child.stdout, 'stopped\nin time\n');
  });
}
