import type { OutputEncoding } from '../../strategy/command/output-capture.js';
import type { OutputStream, Overflow } from '../../strategy/command/command-request.js';
import type { ScopeOptions } from '../options.js';

/** A file as the source of standard input. */
export interface InputFileOption {
  readonly file: string | URL;
}

/** A file that output is written to. */
export interface OutputFileOption {
  readonly file: string | URL;
  /** Keep what is in the file, and write behind it. Default `false`. */
  readonly append?: boolean | undefined;
  /** Bytes; what happens beyond them is for `overflow` to say. Default: no limit. */
  readonly maxSize?: number | undefined;
}

/** Where standard input comes from; a number is a descriptor of this process. */
export type StdinOption = 'pipe' | 'ignore' | 'inherit' | number | InputFileOption;

/** Where output goes to; a number is a descriptor of this process. */
export type StdoutOption = 'pipe' | 'ignore' | 'inherit' | number | OutputFileOption;

/** All three streams, or each for itself: standard input, standard output, standard error. */
export type StdioOption =
  | 'pipe'
  | 'ignore'
  | 'inherit'
  | readonly [stdin?: StdinOption, stdout?: StdoutOption, stderr?: StdoutOption];

/** How the process of a command is started and ended. Durations are ms, fractions allowed. */
export interface ProcessStartOptions {
  /** ms between the soft signal at the deadline and SIGKILL; output may be held open as long after the end. Default 5000. */
  readonly grace?: number | undefined;
  /** Ends a command that has printed nothing for so long, ms. Default: never. */
  readonly idleTimeout?: number | null | undefined;
  /** The soft signal. Default SIGTERM. */
  readonly killSignal?: NodeJS.Signals | number | undefined;
  /** `false`: only the process itself is ended, not what it has started. Default `true`. */
  readonly killTree?: boolean | undefined;
  /** Working directory. */
  readonly cwd?: string | URL | undefined;
  /** The whole environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** The command is text for a shell: `/bin/sh`, `cmd.exe`, or the one that is named. */
  readonly shell?: boolean | string | undefined;
  /** Where the streams come from and go to. Default: no input, output is captured. */
  readonly stdio?: StdioOption | undefined;
  /** Standard error goes where standard output goes, in the order in which it is written. */
  readonly mergeStderr?: boolean | undefined;
  /** `'buffer'`: output is bytes; or what its text is encoded in. Default `'utf8'`. */
  readonly encoding?: OutputEncoding | undefined;
  /** Bytes that are kept of each stream. Default 100 MiB. */
  readonly maxBuffer?: number | undefined;
  /** More than `maxBuffer` or `maxSize`: `'error'` ends the command (default), `'truncate'` drops the rest. */
  readonly overflow?: Overflow | undefined;
}

/** The options of a command. */
export interface CommandOptions<D = unknown>
  extends Omit<ScopeOptions<D>, 'cpuTimeout' | 'grace'>, ProcessStartOptions {
  /** `false`: an exit code other than 0, or a signal, is a result and no error. Default `true`. */
  readonly check?: boolean | undefined;
  /** All of its standard input. */
  readonly input?: string | Uint8Array | undefined;
  /** Called with output as it comes. */
  readonly onOutput?: ((chunk: never, stream: OutputStream) => void) | undefined;
}
