import { types } from 'node:util';
import { findUnfitOption } from '../core/async-beginning.js';
import { executeAsync } from '../core/async-execution.js';
import { copyOptions, parseDuration, type RunSyncOptions } from '../core/options.js';
import { execute } from '../core/execution.js';
import type { CallSite } from '../core/scope.js';
import { scopeFor, scopeOf, strategyFor } from '../core/timeout.js';
import { markWrapped } from '../entry/wrapped-function.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import {
  callIsolated,
  callIsolatedAsync,
  isolateFunction,
  type IsolatedFunction,
} from './isolated-function.js';

/** A function that runs under a limit: called as the function it was made from. */
export interface Timeoutable<This, Args extends readonly unknown[], Result> {
  (this: This, ...args: Args): Result;
  /**
   * The same function under another limit, for one call or more.
   *
   * @param timeout ms in place of the limit that it was made with; `undefined`: none
   */
  within(timeout: number | null | undefined): (this: This, ...args: Args) => Result;
}

/**
 * What a call gives: of a synchronous function its value or the default, of an async one a promise of that, of a
 * generator function a promise of what the coroutine returns.
 */
export type TimeoutableResult<Result, D> = [Result] extends [never]
  ? D
  : Result extends Generator<unknown, infer R, never>
    ? Promise<R | D>
    : Result extends PromiseLike<infer R>
      ? [D] extends [never]
        ? Result
        : Promise<R | D>
      : Result | D;

/** Wraps methods: what `@timeoutable(options)` is. */
export type TimeoutableDecorator<D> = <This, Args extends readonly unknown[], Result>(
  method: (this: This, ...args: Args) => Result,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Result>,
) => Timeoutable<This, Args, TimeoutableResult<Result, D>>;

/**
 * Makes a function run under a limit each time it is called; as a decorator, a method.
 *
 * On expiry a call is stopped as `runSync` stops synchronous work, with the same limits and the same options, and as
 * `run` stops the work of async functions and generator functions, which become coroutines. Parameters, `this`, name and
 * length stay those of the function.
 *
 * With `strategy: 'process'` (or `'worker'`) each call runs in a child process (a worker thread): a synchronous one blocks
 * until it has answered, an async one does not. Arguments and results are copied, and `this` stays here. A function that
 * stands alone is sent as its source; another one, one that uses imports or constants of its module, is found in the
 * module as loaded there, so what `timeoutable` returns must be one of the module's exports, under whatever name.
 *
 * @param work the function; left out, a decorator for methods is returned
 * @param options the limit in ms, or the options of `runSync` (of `run`), read now: later changes of the object change
 *   nothing; `name` defaults to the function's
 * @returns a function with the same signature, and `within(timeout)` for another limit
 * @throws InvalidOptionError for a bad option, or when `work` is an async generator function
 * @throws (when it is called) NotTransferableError, with `strategy: 'process'` or `'worker'`, when the function is neither
 *   self-contained nor to be found among the exports
 * @example examples/timeoutable.ts
 */
export function timeoutable<This, Args extends readonly unknown[], Result, D = never>(
  work: (this: This, ...args: Args) => Result,
  options: number | null | undefined | RunSyncOptions<D>,
): Timeoutable<This, Args, TimeoutableResult<Result, D>>;
export function timeoutable<D = never>(
  options: number | null | undefined | RunSyncOptions<D>,
): TimeoutableDecorator<D>;
export function timeoutable(
  workOrOptions: AnyFunction | number | null | undefined | RunSyncOptions,
  options?: number | null | RunSyncOptions,
): unknown {
  if (typeof workOrOptions === 'function') {
    const checked = checkOptions(options, workOrOptions);
    return wrap(workOrOptions, checked, timeoutable);
  }
  if (options !== undefined) throw invalidOptionType('work', 'a function', workOrOptions);
  checkOptions(workOrOptions);
  return (method: AnyFunction, context: unknown) => {
    if ((context as ClassMethodDecoratorContext | undefined)?.kind !== 'method') {
      throw invalidOptionType('@timeoutable', 'on a method (standard decorators)', method);
    }
    return wrap(method, checkOptions(workOrOptions, method), undefined);
  };
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Options as an object of our own, named after the function; a bad one is refused here and not at the first call. */
function checkOptions(
  options: number | null | undefined | RunSyncOptions,
  work?: AnyFunction,
): RunSyncOptions {
  const given: RunSyncOptions =
    typeof options === 'object' && options !== null ? copyOptions(options) : { timeout: options };
  const named =
    given.name === undefined && work !== undefined && work.name !== ''
      ? { ...given, name: work.name }
      : given;
  scopeFor(named);
  return named;
}

function wrap(work: AnyFunction, options: RunSyncOptions, callee: CallSite | undefined): unknown {
  const isolated = isolate(work, options, callee);
  if (isolated === undefined && isAsynchronous(work)) {
    const unfit = findUnfitOption(scopeOf(scopeFor(options)).settings);
    if (unfit !== undefined) throw unfit;
  }
  const limited = limit(work, options, isolated);
  const within = (timeout: number | null | undefined): AnyFunction => {
    parseDuration(timeout, 'timeout');
    return limit(work, { ...options, timeout, deadline: undefined }, isolated);
  };
  const place = isolated?.place;
  if (place !== undefined) markWrapped(limited, { site: place.site, work });
  return Object.defineProperty(limited, 'within', {
    value: within,
    configurable: true,
    writable: true,
  });
}

function isolate(
  work: AnyFunction,
  { strategy }: RunSyncOptions,
  callee: CallSite | undefined,
): IsolatedFunction | undefined {
  if (strategy !== 'worker' && strategy !== 'process') return undefined;
  return isolateFunction(work, strategy, callee);
}

function limit(
  work: AnyFunction,
  options: RunSyncOptions,
  isolated: IsolatedFunction | undefined,
): AnyFunction {
  const isAsync = isAsynchronous(work);
  const limited =
    isolated !== undefined
      ? limitIsolated(isolated, options, isAsync)
      : isAsync
        ? limitAsync(work, options)
        : limitSync(work, options);
  for (const key of ['name', 'length'] as const) {
    Object.defineProperty(limited, key, { value: work[key], configurable: true });
  }
  return limited;
}

function limitIsolated(
  isolated: IsolatedFunction,
  options: RunSyncOptions,
  isAsync: boolean,
): AnyFunction {
  const call = isAsync ? callIsolatedAsync : callIsolated;
  return function limited(...args: unknown[]) {
    return call(isolated, args, options, limited);
  };
}

function limitSync(work: AnyFunction, options: RunSyncOptions): AnyFunction {
  return function limited(this: unknown, ...args: unknown[]) {
    const timeout = scopeFor(options);
    const call = (): unknown => Reflect.apply(work, this, args);
    return execute(scopeOf(timeout), strategyFor(timeout, call), call, timeout, limited);
  };
}

function limitAsync(work: AnyFunction, options: RunSyncOptions): AnyFunction {
  return function limited(this: unknown, ...args: unknown[]) {
    const call = (): unknown => Reflect.apply(work, this, args);
    return executeAsync(scopeOf(scopeFor(options)), call, limited);
  };
}

function isAsynchronous(work: AnyFunction): boolean {
  if (types.isAsyncFunction(work) && types.isGeneratorFunction(work)) {
    throw invalidOptionType('work', 'no async generator function', work);
  }
  return types.isAsyncFunction(work) || types.isGeneratorFunction(work);
}
