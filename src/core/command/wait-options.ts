import type { ScopeOptions } from '../options.js';

/** How long a command is waited for. When that is over it runs on: it can be waited for again. */
export type WaitOptions = Omit<ScopeOptions<never>, 'cpuTimeout' | 'grace' | 'default' | 'error'>;

/** The same, and what the command is told meanwhile. */
export interface CommunicateOptions extends WaitOptions {
  /** All of its standard input; with the first call only. */
  readonly input?: string | Uint8Array | undefined;
}

/** How a command is ended. */
export interface KillOptions {
  /** The soft signal. Default: the command's `killSignal`. */
  readonly signal?: NodeJS.Signals | number | undefined;
  /** ms to SIGKILL; 0: at once. Default: the command's `grace`. */
  readonly grace?: number | undefined;
}
