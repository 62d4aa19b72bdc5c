/** How a command ended. */
export interface CommandEnd {
  /** `undefined`: a signal ended it. */
  readonly exitCode: number | undefined;
  /** 0: it has exited. */
  readonly signal: number;
  readonly dumpedCore: boolean;
}

/** What is asked of a command when it is started. Signals are numbers. */
export interface CommandRequest {
  readonly command: readonly [string, ...string[]];
  /** Whether it is to share a group of its own with its monitor. */
  readonly ownGroup: boolean;
  /** What it gets if its monitor dies. */
  readonly deathSignal: number;
  /** Whether its output passes through its monitor. */
  readonly pipesOutput: boolean;
}

/** A command that was started. */
export interface CommandProcess {
  readonly pid: number;
  /** The group that it was started in, if it has one of its own; else 0. */
  readonly group: number;
  /** Its standard output and standard error, if they pass through here. */
  readonly output: readonly [AsyncIterable<Uint8Array>, AsyncIterable<Uint8Array>] | undefined;
  /** Looks whether it has ended, and reaps it. */
  takeEnd(): CommandEnd | undefined;
  /** Calls `listener` when it may have ended, also if it has already. */
  onEnd(listener: () => void): void;
  send(signal: number): void;
  /** Sends to its group; if this process is in it, it is not troubled by that or a later one, SIGKILL and SIGSTOP excepted. */
  sendToGroup(signal: number): void;
}

/** What starts commands on this machine, and ends this process as they ended. */
export interface CommandStarter {
  /** Calls `receive` for signals that Node does not know. To be called before the start, once. */
  catchOtherSignals(receive: (signal: number) => void): void;
  /** Rejects with a `StartError`. */
  start(request: CommandRequest): Promise<CommandProcess>;
  /** Ends this process at once. */
  leave(status: number): never;
  /** Ends this process by a signal; where that cannot be, by the status that a shell gives that. */
  dieBySignal(signal: number): never;
}
