import { inspect } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { Operation, OperationInput } from './operations.js';

/** Stands for a replacement function in a recipe. */
export const FUNCTION: unique symbol = Symbol('a function');

/** How a regular expression is made anew for each side of a comparison. */
export interface Recipe {
  readonly source: string;
  readonly flags: string;
  readonly lastIndex: number;
  readonly input: string;
  /** A text, or `FUNCTION` for a function that records its calls. */
  readonly replacement?: string | typeof FUNCTION;
  readonly limit?: number | undefined;
}

/** All that a caller can see of one run. */
interface Outcome {
  readonly result: unknown;
  readonly error: string | undefined;
  readonly lastIndex: number;
  /** The arguments of each call of the replacement function. */
  readonly calls: readonly (readonly unknown[])[];
}

/** Asserts that both forms of an operation give the same: result, error, `lastIndex`, calls of the function. */
export function assertSameOutcome(
  t: ExecutionContext,
  operation: Operation,
  recipe: Recipe,
  strategy: 'native' | 'vm',
): void {
  const expected = observe(recipe, operation.builtIn);
  const actual = observe(recipe, (given) =>
    operation.limited(given, { timeout: 60_000, strategy }),
  );
  // `inspect` shows what a deep comparison of arrays passes over: index, input, groups, indices.
  t.is(
    inspect(actual, { depth: 6 }),
    inspect(expected, { depth: 6 }),
    `${operation.name} ${inspect(recipe)}`,
  );
}

function observe(recipe: Recipe, run: (given: OperationInput) => unknown): Outcome {
  const regex = new RegExp(recipe.source, recipe.flags);
  regex.lastIndex = recipe.lastIndex;
  const calls: unknown[][] = [];
  const replacement =
    recipe.replacement === FUNCTION
      ? (...args: unknown[]): string => {
          calls.push(args);
          return `<${String(args[0])}>`;
        }
      : (recipe.replacement ?? '');
  let result: unknown;
  let failure: string | undefined;
  try {
    result = run({ regex, input: recipe.input, replacement, limit: recipe.limit });
  } catch (error) {
    failure = String(error);
  }
  return { result, error: failure, lastIndex: regex.lastIndex, calls };
}
