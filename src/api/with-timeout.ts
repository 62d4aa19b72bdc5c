import { asyncNow } from '../core/async-clock.js';
import { captureCallStack } from '../core/call-stack.js';
import { copyOptions } from '../core/options.js';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { startRun, type RunOptions, type RunWork } from './run.js';

/** The options of {@link withTimeout}. */
export type WithTimeoutOptions<V = unknown> = Omit<
  RunOptions,
  'timeout' | 'deadline' | 'default'
> & {
  /** What a timeout gives instead of its error: what counts is that it is there, also when it is `undefined`. */
  readonly timeoutValue?: V;
};

/**
 * Runs asynchronous work under a limit: gevent's `with_timeout`.
 *
 * On expiry it does what `run` does; its own timeout becomes `timeoutValue` where that is given, another's passes
 * through.
 *
 * @param timeout the limit in ms; `undefined`, `null`, `Infinity`: none
 * @param work called with its scope
 * @returns the work's value, or `timeoutValue` on timeout
 * @throws (rejects with) as `run`
 */
export function withTimeout<T, V = never>(
  timeout: number | null | undefined,
  work: RunWork<T>,
  options: WithTimeoutOptions<V> = {},
): Promise<T | V> {
  return startRun(
    work,
    () => {
      if (typeof options !== 'object' || (options as unknown) === null) {
        throw invalidOptionType('options', 'an object', options);
      }
      const { timeoutValue = options.timeoutValue, ...rest } = copyOptions(options);
      const given = { ...rest, timeout };
      return 'timeoutValue' in options ? { ...given, default: timeoutValue } : given;
    },
    withTimeout,
    asyncNow(),
    captureCallStack(withTimeout),
  ) as Promise<T | V>;
}
