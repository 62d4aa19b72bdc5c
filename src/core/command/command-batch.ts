import { availableParallelism } from 'node:os';
import { now } from '../../clock.js';
import { invalidOptionRange, invalidOptionType } from '../../errors/invalid-option-error.js';
import type { CommandResult } from '../../strategy/command/command-result.js';
import type { Output } from '../../strategy/command/output-capture.js';
import { parseDuration } from '../options.js';
import type { CommandOptions } from './command-options.js';
import { BatchProgress } from './batch-progress.js';

/** One of many commands; its own options count before those that are for all. */
export interface CommandSpec extends CommandOptions<never> {
  readonly file: string;
  readonly args?: readonly string[] | undefined;
}

/** How one of them ended. `index`: its place in the list. */
export type CommandOutcome<O extends Output = string> = {
  readonly index: number;
  readonly command: CommandSpec;
} & (
  | { readonly status: 'fulfilled'; readonly value: CommandResult<O> }
  | { readonly status: 'rejected'; readonly reason: unknown }
);

/** How many commands are run. */
export interface BatchOptions {
  /** How many run at a time. Default: as many as there are processors. */
  readonly concurrency?: number | undefined;
  /** Limit of each, ms from its own start. */
  readonly timeout?: number | null | undefined;
  /** When all have to be done, on the `performance.now()` scale; what has not been started then is not. */
  readonly deadline?: number | null | undefined;
  /** Ends what runs, and starts no more. */
  readonly signal?: AbortSignal | undefined;
  /** A line in the terminal that standard error is: how many have ended, failed and run. Default `false`. */
  readonly progress?: boolean | undefined;
}

/** Runs one of them. */
export type RunOne = (spec: CommandSpec, options: CommandOptions) => Promise<CommandResult>;

/** Runs commands side by side and hands out how they ended, as they do. Takes no more of the list than can be run. */
export async function* runBatch(
  list: Iterable<CommandSpec> | AsyncIterable<CommandSpec>,
  options: BatchOptions,
  runOne: RunOne,
): AsyncGenerator<CommandOutcome, void, undefined> {
  const { concurrency, common } = parseBatch(options);
  const specs = isAsync(list) ? list[Symbol.asyncIterator]() : list[Symbol.iterator]();
  const running = new Map<number, Promise<CommandOutcome>>();
  const stop = new AbortController();
  const signals = options.signal === undefined ? [stop.signal] : [stop.signal, options.signal];
  const progress = options.progress === true ? new BatchProgress() : undefined;
  let count = 0;
  let isOver = false;
  try {
    for (;;) {
      while (!isOver && running.size < concurrency && options.signal?.aborted !== true) {
        const next: IteratorResult<CommandSpec, unknown> = await specs.next();
        isOver = next.done === true;
        if (next.done === true) break;
        const { value } = next;
        const index = count++;
        const own = value.signal === undefined ? signals : [...signals, value.signal];
        const all = { ...common, ...value, signal: AbortSignal.any(own) };
        running.set(index, settle(index, value, runOne(value, limited(all, options.deadline))));
        progress?.started();
      }
      if (running.size === 0) return;
      const outcome = await Promise.race(running.values());
      running.delete(outcome.index);
      progress?.ended(outcome.status === 'rejected');
      yield outcome;
    }
  } finally {
    // Whoever leaves the loop leaves nothing running.
    stop.abort();
    await Promise.all(running.values());
    progress?.clear();
    if (!isOver) await specs.return?.();
  }
}

async function settle(
  index: number,
  command: CommandSpec,
  run: Promise<CommandResult>,
): Promise<CommandOutcome> {
  try {
    return { index, command, status: 'fulfilled', value: await run };
  } catch (reason) {
    return { index, command, status: 'rejected', reason };
  }
}

/** Its own limit, or what is left until all have to be done. */
function limited(options: CommandOptions, deadline: number | null | undefined): CommandOptions {
  if (deadline === undefined || deadline === null) return options;
  const left = Math.max(0, deadline - now());
  if (options.deadline !== undefined && options.deadline !== null) {
    return { ...options, deadline: Math.min(options.deadline, deadline) };
  }
  return { ...options, timeout: Math.min(options.timeout ?? Infinity, left) };
}

function parseBatch(options: BatchOptions): {
  readonly concurrency: number;
  readonly common: CommandOptions;
} {
  const { concurrency = availableParallelism(), timeout, deadline } = options;
  const rule = 'a positive integer';
  if (typeof concurrency !== 'number') throw invalidOptionType('concurrency', rule, concurrency);
  if (concurrency !== Infinity && (!Number.isInteger(concurrency) || concurrency < 1)) {
    throw invalidOptionRange('concurrency', rule, concurrency);
  }
  parseDuration(timeout, 'timeout');
  if (deadline !== undefined && deadline !== null && typeof deadline !== 'number') {
    throw invalidOptionType('deadline', 'an instant on the performance.now() scale', deadline);
  }
  return { concurrency, common: { timeout } };
}

function isAsync<T>(list: Iterable<T> | AsyncIterable<T>): list is AsyncIterable<T> {
  return Symbol.asyncIterator in list;
}
