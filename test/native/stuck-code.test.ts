import test from 'ava';
import { runInNewContext, runInThisContext } from 'node:vm';
import { runSync, TimeoutError } from 'hardstop';
import { makeGrowingWasmLoop, makeWasmLoop } from '../fixtures/native/wasm-loop.js';
import { assertNeverEarly } from '../harness/never-early.js';
import { nativeTest } from '../harness/native-test.js';
import { testEachStrategy } from '../harness/strategies.js';
import { REACHABLE } from '../harness/work.js';

const TIMEOUT = 20;

function spin(): never {
  for (;;);
}

function recurse(): number {
  return recurse() + 1;
}

const spinInWasm = makeWasmLoop();

/** Each of them would never end, or not within a minute. */
const stuckWork: Readonly<Record<string, () => unknown>> = {
  'an empty loop': spin,
  'a loop that allocates': () => {
    for (;;) Array.from({ length: 100 }, () => ({}));
  },
  'a WebAssembly loop': spinInWasm,
  'a catastrophic regular expression': () => /^(?:a+)+$/.test(`${'a'.repeat(40)}!`),
  'an endless Atomics.wait': () =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Infinity),
  'JSON.stringify in a loop': () => {
    const tree = Array.from({ length: 500 }, (_, i) => ({ i, text: 'text' }));
    for (;;) JSON.stringify(tree);
  },
  'JSON.stringify that calls toJSON': () => JSON.stringify({ toJSON: spin }),
  'JSON.parse that calls a reviver': () => JSON.parse('[1]', spin),
  'a sort comparator': () => [3, 1, 2].sort(spin),
  'a getter': () =>
    ({
      get value() {
        return spin();
      },
    }).value,
  'a proxy trap': () => Reflect.has(new Proxy({}, { has: spin }), 'x'),
  'a loop over proxy traps': () => {
    const proxy = new Proxy<Record<string, number>>({}, { get: () => 1 });
    for (;;) if (proxy['x'] !== 1) return;
  },
  'an endless generator': () => {
    function* numbers(): Generator<number> {
      for (let i = 0; ; i++) yield i;
    }
    let sum = 0;
    for (const number of numbers()) sum += number;
    return sum;
  },
  'an endless iterator in Array.from': () =>
    Array.from({ [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }, () =>
      spin(),
    ),
  'try and catch in a loop': () => {
    for (;;) {
      try {
        throw new Error('again');
      } catch {
        continue;
      }
    }
  },
  'a loop that catches stack overflows': () => {
    for (;;) {
      try {
        recurse();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
  },
  'a toString': () =>
    String({
      toString: spin,
    }),
  'a callback of String.replace': () => 'a'.replace('a', spin),
  'structuredClone that calls a getter': () =>
    structuredClone({
      get value() {
        return spin();
      },
    }),
  eval: () => (0, eval)('for (;;);'),
  'a new Function': () => new Function('for (;;);')() as unknown,
  'another context of node:vm': () => runInNewContext('for (;;);'),
  'this context of node:vm': () => runInThisContext('for (;;);'),
  'a class static block': () =>
    class {
      static {
        spin();
      }
    },
  'a bound, applied function': () => Reflect.apply(spin.bind(undefined), undefined, []) as unknown,
  'a tagged template': () => ((_: TemplateStringsArray) => spin())`x`,
};

for (const [name, work] of Object.entries(stuckWork)) {
  testEachStrategy(`work that is stuck in ${name} is stopped`, (t, strategy) => {
    const error = assertNeverEarly(t, TIMEOUT, () => runSync(work, { timeout: TIMEOUT, strategy }));
    t.true(error instanceof TimeoutError, String(error));
    t.like(error, { strategy, stopped: true, timeout: TIMEOUT });
    // A machine that gives the thread no core for long looks like one that is stuck in a built-in.
    t.regex(
      (error as TimeoutError).stage,
      strategy === 'vm' ? /^terminate$/ : /^(?:interrupt|terminate)$/,
    );
  });
}

const deafWork: Readonly<Record<string, () => unknown>> = {
  'one long BigInt product': () => {
    const factor = 3n ** 2_000_000n;
    return factor * factor * factor * factor * factor * factor;
  },
  'BigInt products in a loop': () => {
    for (let product = 3n ** 40_000n; ; product *= product);
  },
  'a WebAssembly loop that asks for memory': makeGrowingWasmLoop(),
};

for (const [name, work] of Object.entries(deafWork)) {
  testEachStrategy(`${name}, deaf to interrupts, is terminated`, (t, strategy) => {
    const error = assertNeverEarly(t, TIMEOUT, () => runSync(work, { timeout: TIMEOUT, strategy }));
    // What is under way in the built-in heeds terminations only; in between an interrupt may be first.
    t.regex((error as TimeoutError).stage, /^(?:terminate|interrupt)$/);
    t.like(error, { strategy, stopped: true });
  });
}

testEachStrategy('no finally and no catch of the stopped frames runs', (t, strategy) => {
  const ran: string[] = [];
  t.throws(
    () =>
      runSync(
        () => {
          try {
            for (;;) {
              try {
                spin();
              } catch {
                ran.push('catch');
              } finally {
                ran.push('inner finally');
                // The loop goes on if this runs: nothing would ever stop it politely.
                continue;
              }
            }
          } finally {
            ran.push('outer finally');
          }
        },
        { timeout: TIMEOUT, strategy },
      ),
    { instanceOf: TimeoutError },
  );
  t.deepEqual(ran, []);
});

testEachStrategy('work is stopped with hardly any stack left', (t, strategy) => {
  const outcomes = new Set<string>();
  let attempts = 0;
  let stops = 0;
  // Down to where the stack ends, and a while up from there.
  const dive = (depth: number): void => {
    try {
      dive(depth + 1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    // How many it takes depends on how far the engine has compiled all this.
    if (attempts++ < 1_000 && stops < 100) {
      try {
        runSync(spin, { timeout: 0.1, strategy });
      } catch (error) {
        outcomes.add((error as Error).name);
        if (error instanceof TimeoutError) stops++;
        else if (!(error instanceof RangeError)) throw error;
      }
    }
  };
  dive(0);
  t.true(outcomes.has('TimeoutError'));
  t.is(
    runSync(() => 'works', { timeout: 60_000, strategy }),
    'works',
  );
  t.throws(() => runSync(spin, { timeout: 5, strategy }), { instanceOf: TimeoutError });
});

/** Where the work was stuck; a thread that gets no core for long is terminated without a stack, so a few tries. */
function stuckAt(work: () => unknown): string {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      runSync(work, REACHABLE);
    } catch (error) {
      const { cause } = error as { cause?: Error };
      if (cause !== undefined) return cause.stack ?? '';
    }
  }
  return 'unknown';
}

nativeTest('the cause tells the function, file and line where the work was stuck', (t) => {
  const stack = stuckAt(function stuckHere() {
    spin();
  });
  t.regex(stack, /at spin \(.*stuck-code\.test\.[jt]s:\d+:\d+\)/);
  t.regex(stack, /at .*stuckHere \(.*stuck-code\.test\.[jt]s:\d+:\d+\)/);
});

nativeTest('the cause tells of stuck WebAssembly and of stuck built-ins too', (t) => {
  t.regex(stuckAt(spinInWasm), /wasm-function\[0\]/);
  t.regex(
    stuckAt(() => /^(?:a+)+$/.test(`${'a'.repeat(40)}!`)),
    /RegExp\.test/,
  );
  t.regex(
    stuckAt(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)),
    /Atomics\.wait/,
  );
});

test('a generator whose step was stopped stays running for ever', (t) => {
  function* stuck(): Generator<never> {
    yield spin();
  }
  const generator = stuck();
  t.throws(() => runSync(() => generator.next(), REACHABLE), { instanceOf: TimeoutError });
  t.throws(() => generator.next(), { instanceOf: TypeError, message: /already running/ });
});
