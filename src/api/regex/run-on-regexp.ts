import { types } from 'node:util';
import { execute } from '../../core/execution.js';
import { scopeFor, scopeOf, strategyFor } from '../../core/timeout.js';
import { invalidOptionType } from '../../errors/invalid-option-error.js';
import type { RegexOptions } from './regex-options.js';

/**
 * Runs an operation on a regular expression under one deadline. When that deadline ended it, `lastIndex` is again what
 * it was before, as though the operation had never been started; whatever else ends it leaves what the built-in leaves.
 *
 * The operations call the built-ins themselves, so that subclasses, own `exec` methods and the symbols' protocols work,
 * and are limited, as they work without us.
 *
 * @param callSite what the user called, for the stack of the `TimeoutError`
 */
export function runOnRegExp<T>(
  regex: RegExp,
  operation: () => T,
  options: RegexOptions,
  callSite: (...args: never[]) => unknown,
): T {
  assertRegExp(regex);
  const lastIndex = regex.lastIndex;
  const scope = scopeFor(options);
  try {
    return execute(scopeOf(scope), strategyFor(scope, operation), operation, scope, callSite) as T;
  } finally {
    if (scope.state === 'timed_out') restoreLastIndex(regex, lastIndex);
  }
}

/** `instanceof` covers subclasses and proxies and is cheap; the slower test finds those of other realms. */
function assertRegExp(regex: unknown): asserts regex is RegExp {
  if (!(regex instanceof RegExp) && !types.isRegExp(regex)) {
    throw invalidOptionType('regex', 'a regular expression', regex);
  }
}

/** Writes only what has changed: a frozen expression would throw, and would hide the timeout. */
function restoreLastIndex(regex: RegExp, lastIndex: number): void {
  if (!Object.is(regex.lastIndex, lastIndex)) regex.lastIndex = lastIndex;
}
