import test from 'ava';
import { testEachStrategy } from '../harness/strategies.js';
import { assertSameOutcome, FUNCTION, type Recipe } from './compare.js';
import { operations } from './operations.js';
import { makeRandom, randomRecipe } from './random-recipe.js';

const RANDOM_RECIPES = 600;
const SEED = 20_261_121;

/** One line for each thing that a careless wrapper gets wrong. */
const recipes: readonly Recipe[] = [
  { source: 'b', flags: '', lastIndex: 0, input: 'abcb' },
  { source: 'b', flags: '', lastIndex: 2, input: 'abcb' },
  { source: 'b', flags: 'g', lastIndex: 2, input: 'abcb' },
  { source: 'b', flags: 'g', lastIndex: 9, input: 'abcb' },
  { source: 'b', flags: 'y', lastIndex: 1, input: 'abcb' },
  { source: 'b', flags: 'y', lastIndex: 2, input: 'abcb' },
  { source: 'b', flags: 'gy', lastIndex: 0, input: 'bbab' },
  { source: 'B', flags: 'gi', lastIndex: 0, input: 'abcb' },
  { source: '^b', flags: 'gm', lastIndex: 0, input: 'a\nb\nb' },
  { source: 'a.b', flags: 'gs', lastIndex: 0, input: 'a\nb' },
  { source: '(?<year>\\d+)-(?<month>\\d+)', flags: 'g', lastIndex: 0, input: '2026-11 2027-12' },
  { source: '(?<year>\\d+)-(?<month>\\d+)', flags: 'gd', lastIndex: 0, input: '2026-11 2027-12' },
  { source: '(a)|(b)', flags: 'g', lastIndex: 0, input: 'ab' },
  { source: '(?<=€)\\d', flags: 'g', lastIndex: 0, input: '€1 2' },
  { source: '\\p{Emoji}', flags: 'gu', lastIndex: 0, input: 'x😀y😀' },
  { source: '', flags: 'g', lastIndex: 0, input: '😀' },
  { source: '', flags: 'gu', lastIndex: 0, input: '😀' },
  { source: '', flags: 'gu', lastIndex: 1, input: '😀' },
  { source: '', flags: 'gy', lastIndex: 1, input: 'ab' },
  { source: '[\\p{L}--[a-c]]', flags: 'gv', lastIndex: 0, input: 'abcd' },
  { source: ',', flags: '', lastIndex: 0, input: 'a,b,c', limit: 2 },
  { source: '(,)', flags: '', lastIndex: 0, input: 'a,b,c', limit: 0 },
  { source: '(,)', flags: 'y', lastIndex: 1, input: 'a,b,c', limit: -1 },
  { source: '(?<x>b)', flags: 'g', lastIndex: 0, input: 'abcb', replacement: "[$<x>$1$&$$$`$']" },
  { source: '(b)(z)?', flags: 'g', lastIndex: 0, input: 'abcb', replacement: FUNCTION },
  { source: '(?<x>b)(?<y>z)?', flags: 'g', lastIndex: 1, input: 'abcb', replacement: FUNCTION },
  { source: 'b', flags: 'y', lastIndex: 1, input: 'abcb', replacement: FUNCTION },
];

testEachStrategy("results, errors and lastIndex are the built-ins': a table", (t, strategy) => {
  for (const operation of operations) {
    for (const recipe of recipes) assertSameOutcome(t, operation, recipe, strategy);
  }
});

testEachStrategy("results, errors and lastIndex are the built-ins': at random", (t, strategy) => {
  const random = makeRandom(SEED);
  for (let i = 0; i < RANDOM_RECIPES; i++) {
    const recipe = randomRecipe(random);
    for (const operation of operations) assertSameOutcome(t, operation, recipe, strategy);
  }
});

test('every export is compared', async (t) => {
  const exported = Object.keys(await import('hardstop/regex'));
  t.deepEqual(operations.map(({ name }) => name).sort(), exported.sort());
});
