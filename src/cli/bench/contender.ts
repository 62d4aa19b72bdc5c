/** A way to limit work, set up and ready to be measured in this process. */
export interface Limiter {
  /** Of the package under test, where it is neither ours nor Node's own. */
  readonly version?: string;
  /** Runs work that ends at once, under a limit of {@link IN_TIME_LIMIT_MS}. */
  readonly runInTime: () => unknown;
  /** Makes what runs an endless loop under the limit; throws when the limit has struck. */
  readonly stopLoop: () => unknown;
  /** Both hand back promises. */
  readonly isAsync?: true;
  /** Ends what would keep the process alive. */
  readonly end?: () => unknown;
}

/** One row of the table. */
export interface Contender {
  readonly name: string;
  readonly description: string;
  /** Not one of our strategies, but what people use without us. */
  readonly foreign: boolean;
  /** Added to the environment of the process that it is measured in. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Throws `UnavailableError` or `StrategyUnavailableError` where it cannot take part. */
  readonly prepare: (timeoutMs: number) => Limiter | Promise<Limiter>;
}

/** Long enough never to strike while the cost of a call in time is measured. */
export const IN_TIME_LIMIT_MS = 50;
