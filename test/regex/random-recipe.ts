import { FUNCTION, type Recipe } from './compare.js';

/** Numbers from 0 to below 1; the same ones for the same seed. */
export type Random = () => number;

/** Mulberry32: enough to vary test input, and short. */
export function makeRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ATOMS = [
  'a',
  'b',
  '[ab]',
  '.',
  '\\w',
  '\\b',
  '^',
  '$',
  '(a)',
  '(?:b|c)',
  '(?<n>c)',
  '(?=b)',
  '😀',
  '',
];
const QUANTIFIERS = ['', '', '', '?', '*', '+?', '{1,2}'];
const UNQUANTIFIABLE = /^(?:\\b|\^|\$|\(\?=.*|)$/;
const TEXT = ['a', 'b', 'c', 'A', '\n', '😀', '\ud83d', ' ', '1'];
const FLAGS = ['d', 'g', 'i', 'm', 's', 'y'];
const UNICODE_FLAGS = ['', '', 'u', 'v'];
const REPLACEMENTS: readonly (string | typeof FUNCTION)[] = [
  '',
  '[$&]',
  '$1$2',
  '$<n>',
  '$$',
  "$`$'",
  FUNCTION,
];
const LIMITS = [undefined, 0, 1, 2, -1];

/** A short expression that is valid, short input for it, and everything else that an operation depends on. */
export function randomRecipe(random: Random): Recipe {
  const flags = FLAGS.filter(() => random() < 0.35).join('') + pick(random, UNICODE_FLAGS);
  const source = randomSource(random);
  return {
    source,
    flags,
    lastIndex: Math.floor(random() * 4),
    input: repeat(random, 8, () => pick(random, TEXT)),
    replacement: pick(random, REPLACEMENTS),
    limit: pick(random, LIMITS),
  };
}

function randomSource(random: Random): string {
  let named = false;
  return repeat(random, 4, () => {
    const atom = pick(random, ATOMS);
    // A name may stand in an expression only once.
    if (atom.includes('?<n>') && named) return 'c';
    named ||= atom.includes('?<n>');
    return UNQUANTIFIABLE.test(atom) ? atom : atom + pick(random, QUANTIFIERS);
  });
}

function repeat(random: Random, upTo: number, make: () => string): string {
  return Array.from({ length: Math.floor(random() * (upTo + 1)) }, make).join('');
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
