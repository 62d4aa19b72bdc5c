import type { Stage, StrategyName } from '../strategy/strategy.js';
import { defineErrorName, hasErrorCode } from './error-name.js';

/** What a {@link TimeoutError} is made from. */
export interface TimeoutErrorFields<Scope = unknown> {
  /** The limit, ms. */
  readonly timeout: number;
  /** What the limit was counted on; the wall clock if left out. */
  readonly clock?: 'wall' | 'cpu' | 'idle' | 'queue' | undefined;
  /** From the start of the work to its end (or to now, while it still runs), ms. */
  readonly elapsed: number;
  readonly strategy: StrategyName;
  readonly stage: Stage;
  readonly stopped: boolean;
  readonly scope?: Scope | undefined;
  /** The scope's label, for the message. */
  readonly label?: string | undefined;
  /** Replaces the whole message. */
  readonly message?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Thrown when work did not finish before its deadline.
 *
 * Its own stack is the call site's. `cause`, where there is one, is an Error whose stack shows where the work was stuck
 * when the deadline struck.
 */
export class TimeoutError extends Error {
  static {
    defineErrorName(this, 'TimeoutError');
  }
  /** Stable, unlike the message. */
  readonly code: string = 'ERR_HARDSTOP_TIMEOUT';
  /** The limit that struck, ms. */
  readonly timeout: number;
  /**
   * What that limit was counted on: the wall clock (`timeout`, `deadline`), the CPU time of the work (`cpuTimeout`), its
   * silence (`idleTimeout`), or its wait for a free worker or process (`queueTimeout`).
   */
  readonly clock: 'wall' | 'cpu' | 'idle' | 'queue';
  /** How long the work ran on the wall clock, ms. */
  readonly elapsed: number;
  /** What ended the scope. */
  readonly strategy: StrategyName;
  /** How far the strategy had to go. */
  readonly stage: Stage;
  /** Whether the work is certain to run no more. */
  readonly stopped: boolean;
  readonly #scope: unknown;

  constructor(fields: TimeoutErrorFields) {
    super(
      fields.message ?? timeoutMessage(fields, fields.label),
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.timeout = fields.timeout;
    this.clock = fields.clock ?? 'wall';
    this.elapsed = fields.elapsed;
    this.strategy = fields.strategy;
    this.stage = fields.stage;
    this.stopped = fields.stopped;
    this.#scope = fields.scope;
  }

  /** The scope whose deadline struck: compare it to tell your timeout from another's. Not enumerable. */
  get scope(): unknown {
    return #scope in this ? this.#scope : undefined;
  }
}

// Errors whose stack will be formatted when it is read first.
const unformatted = new WeakSet<Error>();

/** Notes whether the stack of an error is still to be formatted: then it will begin with the message of that time. */
export function noteUnformatted(error: Error, isUnformatted: boolean): void {
  if (isUnformatted) unformatted.add(error);
  else unformatted.delete(error);
}

/**
 * Brings an error that was handed out before the end of its scope (by `checkpoint()`, or as the reason of its signal) up
 * to date, so that one timeout stays one object.
 */
export function refreshTimeoutError(
  error: TimeoutError,
  fields: Partial<
    Pick<
      TimeoutErrorFields,
      'timeout' | 'clock' | 'elapsed' | 'strategy' | 'stage' | 'stopped' | 'message' | 'cause'
    >
  >,
  label?: string,
): void {
  if (isKnown(error, fields)) {
    (error as { elapsed: number }).elapsed = fields.elapsed;
    return;
  }
  const { message, cause, ...rest } = fields;
  Object.assign(error, rest);
  if (cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  }
  const before = error.message;
  const after = message ?? timeoutMessage(error, label);
  // One that has not been formatted yet will begin with the message of then.
  if (!unformatted.has(error)) {
    const { stack } = error;
    if (typeof stack === 'string') error.stack = stack.replace(before, () => after);
  }
  error.message = after;
}

/** Whether an error says all of this already, but for the exact time, which its message does not tell. */
function isKnown(
  error: TimeoutError,
  fields: Partial<TimeoutErrorFields>,
): fields is TimeoutErrorFields {
  const { elapsed = Infinity, message, cause } = fields;
  return (
    error.stage === fields.stage &&
    error.stopped === fields.stopped &&
    error.timeout === fields.timeout &&
    error.clock === fields.clock &&
    error.strategy === fields.strategy &&
    message === undefined &&
    cause === undefined &&
    Math.max(elapsed, error.elapsed) - error.timeout < NOTABLE_DELAY_MS
  );
}

/**
 * Whether `value` is a timeout of hardstop's, whatever realm, thread or installed copy of the package it comes from.
 *
 * @param value anything; never throws, not even for hostile objects
 * @returns `true` for a `TimeoutError` and its subclasses
 */
export function isTimeoutError(value: unknown): value is TimeoutError {
  return (
    hasErrorCode(value, 'ERR_HARDSTOP_TIMEOUT') ||
    hasErrorCode(value, 'ERR_HARDSTOP_COMMAND_TIMEOUT')
  );
}

/** From this many milliseconds on, a stop that came late says so in its message. */
const NOTABLE_DELAY_MS = 20;

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  refused: 'not started',
  checkpoint: 'stopped at a checkpoint',
  yield: 'stopped at a yield',
  signal: 'settled after the soft stop',
  interrupt: 'interrupted',
  terminate: 'terminated',
  kill: 'killed',
  late: 'ran to its end, late',
  abandoned: 'still running, no longer waited for',
};

function timeoutMessage(
  fields: Pick<TimeoutErrorFields, 'timeout' | 'clock' | 'elapsed' | 'strategy' | 'stage'>,
  label: string | undefined,
): string {
  const subject = label === undefined ? '' : `: \`${label}\``;
  const delay = fields.elapsed - fields.timeout;
  const delayed =
    fields.clock !== 'cpu' &&
    fields.clock !== 'idle' &&
    fields.stage !== 'refused' &&
    delay >= NOTABLE_DELAY_MS
      ? `, ${delay.toFixed(1)} ms after its deadline`
      : '';
  if (fields.clock === 'queue') {
    return `Waited ${inMs(fields.timeout)} ms for a free ${fields.strategy}${subject} (${STAGE_WORDS[fields.stage]})`;
  }
  const unit =
    fields.clock === 'cpu' ? 'ms of CPU time' : fields.clock === 'idle' ? 'ms of silence' : 'ms';
  return `Timed out after ${inMs(fields.timeout)} ${unit}${subject} (${fields.strategy}: ${STAGE_WORDS[fields.stage]}${delayed})`;
}

/** A limit that comes from a deadline is a difference, with digits that nobody wants to read. */
function inMs(length: number): string {
  return String(length < 1 ? length : Number(length.toFixed(3)));
}
