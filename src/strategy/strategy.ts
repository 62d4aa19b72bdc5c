/** The named way a piece of work is stopped. */
export type StrategyName = 'native' | 'vm' | 'worker' | 'process' | 'cooperative';

/**
 * How far a timeout had to go before the work ended.
 *
 * `'refused'` not started · `'checkpoint'` thrown by `checkpoint()` · `'yield'` thrown at a `yield` · `'signal'` settled
 * after the soft stop · `'interrupt'` unwound after the engine took our interrupt · `'terminate'` unwound by a
 * termination request or the end of its thread · `'kill'` its process was killed · `'late'` ran to its end past the
 * deadline · `'abandoned'` still running, only no longer waited for.
 */
export type Stage =
  | 'refused'
  | 'checkpoint'
  | 'yield'
  | 'signal'
  | 'interrupt'
  | 'terminate'
  | 'kill'
  | 'late'
  | 'abandoned';

/** The type of {@link STOPPED}. */
export interface Stopped {
  readonly stopped: true;
}

/**
 * Handed back by a strategy in place of the work's value when the work was stopped or came back late. Compared by
 * identity and never shown to users, so that any value of the work, `undefined` included, passes through unchanged.
 */
export const STOPPED: Stopped = Object.freeze({ stopped: true });

/** What a strategy knows of the run for which it has just handed back {@link STOPPED}. */
export interface Stop {
  /** `'raised'`: an error sent by `asyncRaise` or an aborted signal ended the run, not its deadline. */
  readonly reason: 'timeout' | 'raised';
  readonly stage: Stage;
  /** Whether the work is certain to run no more. */
  readonly stopped: boolean;
  /** When the run ended, ms on the `performance.now()` scale. */
  readonly endedAt: number;
  /** An Error whose stack shows where the work was when the deadline struck; `undefined` where it cannot be known. */
  readonly stuck: Error | undefined;
  /** The error that was raised, for reason `'raised'`. */
  readonly raised: unknown;
}

/**
 * Runs work under a deadline and stops it.
 *
 * Instants are milliseconds on the `performance.now()` scale; `Infinity` stands for none. `deadline` is the soft stop
 * and decides the outcome: a value that comes back at or after it is {@link STOPPED} with stage `'late'`.
 * `hardDeadline` (`deadline` + `grace`) is when force is used; after a used-up CPU limit it is `grace` later. `enclosingDeadline` is the earliest hard deadline of the
 * scopes around this run: where both have struck and it is not later than ours, the enclosing run owns the stop.
 */
export interface Strategy<Work, Argument> {
  readonly name: StrategyName;
  /** Returns the work's value or {@link STOPPED}; throws what the work throws. */
  run(
    work: Work,
    argument: Argument,
    deadline: number,
    hardDeadline: number,
    enclosingDeadline: number,
    cpuTimeout: number,
    grace?: number,
  ): unknown;
  /** Details of the run that has just handed back {@link STOPPED}; read once, at once. */
  lastStop(): Stop;
}

/** Synchronous work in this thread: called with the scope as its only argument. */
export type InThreadWork = (argument: never) => unknown;
