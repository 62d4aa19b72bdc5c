import { runInNewContext } from 'node:vm';
import test from 'ava';
import { runSync, TimeoutError } from 'hardstop';
import * as limited from 'hardstop/regex';
import { REACHABLE } from '../harness/work.js';

/** ms; what ends at once ends in it on any machine. */
const AMPLE = 60_000;

test('the methods of a subclass are used, as the built-ins use them', (t) => {
  class Traced extends RegExp {
    readonly calls: string[] = [];
    override exec(input: string): RegExpExecArray | null {
      this.calls.push('exec');
      return super.exec(input);
    }
    override [Symbol.replace](input: string, replacement: unknown): string {
      this.calls.push('replace');
      return super[Symbol.replace](input, replacement as string);
    }
    override [Symbol.split](input: string, limit?: number): string[] {
      this.calls.push('split');
      return super[Symbol.split](input, limit);
    }
  }
  const run = (operations: (regex: Traced) => unknown): readonly unknown[] => {
    const regex = new Traced('b', 'g');
    return [operations(regex), regex.calls, regex.lastIndex];
  };
  t.deepEqual(
    run((regex) => limited.test(regex, 'abcb', AMPLE)),
    run((regex) => regex.test('abcb')),
  );
  t.deepEqual(
    run((regex) => limited.match(regex, 'abcb', AMPLE)),
    run((regex) => 'abcb'.match(regex)),
  );
  t.deepEqual(
    run((regex) => limited.replace(regex, 'abcb', 'x', AMPLE)),
    run((regex) => 'abcb'.replace(regex, 'x')),
  );
  t.deepEqual(
    run((regex) => limited.split(regex, 'abcb', AMPLE)),
    run((regex) => 'abcb'.split(regex)),
  );
});

test('a method of a subclass that never returns is stopped', (t) => {
  class Stuck extends RegExp {
    override exec(): RegExpExecArray | null {
      for (;;);
    }
  }
  for (const operation of [limited.test, limited.exec, limited.match, limited.search]) {
    t.throws(() => operation(new Stuck('a'), 'a', 10), { instanceOf: TimeoutError });
  }
});

test('an expression of another realm is one', (t) => {
  const foreign = runInNewContext('/b(?<n>c)/dg') as RegExp;
  t.false(foreign instanceof RegExp);
  t.true(limited.test(foreign, 'abc', AMPLE));
  t.is(foreign.lastIndex, 3);
});

test('errors of the built-ins and of the replacement function come through as they are', (t) => {
  t.throws(() => limited.matchAll(/a/, 'a', AMPLE), {
    instanceOf: TypeError,
    message: t.throws(() => 'a'.matchAll(/a/)).message,
  });
  t.throws(() => limited.replaceAll(/a/, 'a', '', AMPLE), {
    instanceOf: TypeError,
    message: t.throws(() => 'a'.replaceAll(/a/, '')).message,
  });
  const mine = new Error('mine');
  const thrown = t.throws(() =>
    limited.replace(
      /a/g,
      'aa',
      () => {
        throw mine;
      },
      AMPLE,
    ),
  );
  t.is(thrown, mine);
});

test('input is converted as the built-ins convert it, inside the limit', (t) => {
  t.true(limited.test(/^12$/, 12 as unknown as string, AMPLE));
  t.deepEqual(limited.split(/,/, { toString: () => 'a,b' } as unknown as string, AMPLE), [
    'a',
    'b',
  ]);
  const stuck = {
    toString: () => {
      for (;;);
    },
  };
  t.throws(() => limited.test(/a/, stuck as unknown as string, 10), { instanceOf: TimeoutError });
});

test('operations nest in replacement functions and in scopes', (t) => {
  const upper = (word: string): string =>
    limited.replace(/^./, word, (letter) => letter.toUpperCase(), AMPLE);
  t.is(limited.replace(/\w+/g, 'ab cd', upper, AMPLE), 'Ab Cd');

  // The replacement function times out on its own limit, which the outer operation survives.
  const survive = (match: string): string =>
    limited.test(/(?:a+)+$/, `${'a'.repeat(64)}!`, { timeout: 5, default: true }) ? match : '';
  t.is(limited.replace(/b/g, 'abc', survive, 60_000), 'abc');

  // The earliest deadline around it holds.
  t.throws(() => runSync(() => limited.test(/(?:a+)+$/, `${'a'.repeat(64)}!`, 60_000), 10), {
    instanceOf: TimeoutError,
    message: /10 ms/,
  });
});

test('the iterator of matchAll looks like the built-in one', (t) => {
  const builtIn = 'ab'.matchAll(/./g);
  const ours = limited.matchAll(/./g, 'ab', AMPLE);
  t.is(Object.prototype.toString.call(ours), Object.prototype.toString.call(builtIn));
  t.is(ours[Symbol.iterator](), ours);
  t.deepEqual(Object.keys(ours), Object.keys(builtIn));
  t.is(
    Object.getPrototypeOf(ours) as unknown,
    Object.getPrototypeOf(builtIn) as unknown,
    'iterator helpers come with it',
  );
  t.deepEqual(ours.next(), builtIn.next());
  t.deepEqual(ours.next(), builtIn.next());
  t.deepEqual(ours.next(), builtIn.next());
  t.deepEqual(ours.next(), { done: true, value: undefined });
  t.deepEqual([...ours], []);
});

test('the iterator of matchAll never times out, however long its user takes', (t) => {
  const found = limited.matchAll(/./g, 'abc', { timeout: REACHABLE });
  const end = performance.now() + REACHABLE + 20;
  while (performance.now() < end);
  t.is([...found].length, 3);
});
