/** The two streams of output. */
export type OutputStream = 'stdout' | 'stderr';

/** Output into a file. */
export interface OutputFile {
  readonly file: string;
  readonly append: boolean;
  /** Bytes; `Infinity`: the command writes to the file itself. */
  readonly maxSize: number;
}

/** Where standard input comes from. A number is a descriptor of this process. */
export type InputSource = 'pipe' | 'ignore' | 'inherit' | number | { readonly file: string };

/** Where a stream of output goes to. */
export type OutputTarget = 'pipe' | 'ignore' | 'inherit' | number | OutputFile;

/** What happens when more is printed than may be kept. */
export type Overflow = 'error' | 'truncate';

/** A command, and how it is run, after all has been checked. Plain: it can be sent to another thread. */
export interface CommandRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly shell: boolean | string;
  readonly stdin: InputSource;
  readonly stdout: OutputTarget;
  readonly stderr: OutputTarget;
  readonly input: string | Uint8Array | undefined;
  readonly mergeStderr: boolean;
  /** Bytes that are kept of each stream. */
  readonly maxBuffer: number;
  readonly overflow: Overflow;
  readonly killSignal: NodeJS.Signals | number;
  readonly killTree: boolean;
  /** ms; also how long output may be held open after the end. */
  readonly grace: number;
  /** ms; `Infinity`: it may be silent for ever. */
  readonly idleTimeout: number;
}
