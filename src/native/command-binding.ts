// The typed mirror of native/command_line.cc.

/** How a command is started. Signals are numbers. */
export interface NativeCommandPlan {
  /** The name, which is looked up in PATH, and the arguments, each followed by a zero byte. */
  readonly arguments: readonly Uint8Array[];
  /** Descriptors that are its standard output and error; -1: this process's own. */
  readonly output: number;
  readonly errors: number;
  /** What it is sent when this process dies; 0: nothing. Linux only. */
  readonly deathSignal: number;
  /** What it ignores; it has the default action of all other standard signals. */
  readonly ignoredSignals: readonly number[];
  /** The descriptors from 3 on that it inherits. */
  readonly inherited: readonly number[];
  /** Its soft limit of open descriptors; 0: that of this process. */
  readonly openFiles: number;
}

export interface NativeCommandStart {
  /** 0: not started. */
  readonly pid: number;
  /** Why not: an errno. */
  readonly error: number;
  /** Whether it was the program that could not be run, and not the process that could not be made. */
  readonly forked: boolean;
}

export interface NativeCommandEnd {
  readonly exitCode: number;
  /** 0: none. */
  readonly signal: number;
  readonly dumpedCore: boolean;
}

/** What `hardstop run` needs beyond what Node gives. For the main thread. */
export interface CommandLineFunctions {
  /** Makes this process lead a group of its own within its session; an errno, or 0. */
  leadGroup(): number;
  ignoreSignal(number: number): void;
  /** Writes the number of each that this process gets, one byte, to a pipe; those excepted that it was started to ignore. */
  relayRealTimeSignals(writeEnd: number): void;
  /** Read end and write end, which commands do not inherit. */
  openPipe(): readonly [number, number] | undefined;
  start(plan: NativeCommandPlan): NativeCommandStart;
  /** `undefined`: it still runs. */
  reap(pid: number): NativeCommandEnd | undefined;
  /** By the signal's default action, without a core. Returns where it does nothing: as a namespace's first process. */
  dieBySignal(number: number): void;
  /** Ends the process without Node's own exit, which restores the terminal's settings. */
  leave(status: number): never;
}
