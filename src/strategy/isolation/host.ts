import type { Transferable } from 'node:worker_threads';
import type { Initializer, TransferableTask } from '../../entry/worker-messages.js';
import type { Stage } from '../strategy.js';

/** One call of a task, as a host runs it. Instants are ms on the `performance.now()` scale of this thread. */
export interface TaskCall {
  readonly task: TransferableTask;
  readonly args: readonly unknown[];
  readonly transfer: readonly Transferable[] | undefined;
  /** The soft stop; decides the outcome. `Infinity`: none. */
  readonly deadline: number;
  /** When force is used. Not before `deadline`. */
  readonly hardDeadline: number;
  /**
   * When what the task runs without a break is interrupted inside its host; not before `deadline`. `Infinity`: never,
   * force is used. `undefined`: at `hardDeadline`.
   */
  readonly interruptAt?: number | undefined;
  /** Limit on the CPU time that the task burns, ms. */
  readonly cpuTimeout: number;
  /** The scope's label; the scope inside the host has it too. */
  readonly name: string | undefined;
  /** Called on this thread's event loop with each message that the task sends while it runs. */
  readonly onMessage: ((message: unknown) => void) | undefined;
}

/** How a call ended. `endedAt` is when the task was done, or its host was found dead. */
export type CallOutcome = { readonly endedAt: number } & (
  | { readonly kind: 'returned'; readonly value: unknown }
  /** The task's own error, rebuilt. */
  | { readonly kind: 'threw'; readonly error: unknown }
  /** It was stopped for a deadline, for its CPU limit, because `stop` was called, or by an error raised from outside. */
  | {
      readonly kind: 'stopped';
      readonly reason: 'deadline' | 'cpu' | 'asked' | 'raised';
      readonly stage: Stage;
      readonly stopped: boolean;
      /** An Error whose stack shows where the task was. */
      readonly stuck: Error | undefined;
      /** For reason `'raised'`. */
      readonly raised: unknown;
    }
  /** The thread or process ended by itself: a `WorkerExitError` or `ProcessExitError`. */
  | { readonly kind: 'died'; readonly error: Error }
);

/** A call that a host has taken. */
export interface RunningCall {
  /** Never rejects, and always settles soon after the hard deadline: the host sees to that. */
  readonly outcome: Promise<CallOutcome>;
  /** The soft stop now, force at `hardDeadline`. Called again, an earlier `hardDeadline` counts. */
  stop(hardDeadline: number): void;
  /** Moves the deadlines of a call that has not been stopped. */
  moveDeadlines(deadline: number, hardDeadline: number): void;
}

/** A call that was sent to a host while that runs another one; begun by the host once that has ended. */
export interface CallAhead {
  /** `false`: it has begun, of which its owner hears soon. Otherwise it is as if it had not been sent. */
  takeBack(): boolean;
}

/** Who hears what becomes of a call that was sent ahead, one of both, unless it was taken back. */
export interface AheadOwner {
  /** It runs since then; what ran before has ended. */
  begun(call: RunningCall, startedAt: number): void;
  /** The host cannot begin it. */
  returned(): void;
}

/** A worker thread or a child process: runs one call at a time. */
export interface Host {
  /** The thread's or the process's id. */
  readonly id: number;
  /** Settles when it can take its first call, its initialiser included; rejects when it never will. */
  readonly ready: Promise<void>;
  /** Settles once the thread or process has ended, and was reaped. Never rejects. */
  readonly ended: Promise<void>;
  /** Whether it can take a call: not before it is ready, not while it runs one, not once it is lost or ending. */
  readonly isFree: boolean;
  /** @throws NotTransferableError when the call cannot be sent: nothing was started then, the host stays free. */
  run(call: TaskCall): RunningCall;
  /**
   * Sends a call while another one runs, so that the host does not wait for it. Its deadlines are lengths of time, which
   * count from its beginning. Not there: this kind of host takes none. `undefined`: not now.
   */
  runAhead?(call: TaskCall, owner: AheadOwner): CallAhead | undefined;
  /** Whether it keeps this process alive. Hosts begin unreferenced. */
  ref(): void;
  unref(): void;
  /** Lets an idle host end in an orderly way; force is used where it does not. Settles as `terminate` does. */
  close(): Promise<void>;
  /**
   * Ends it at once, whatever it does. Settles as `ended` does, or once the host was given up: a thread that is inside a call
   * which does not look up ends when that returns, and nobody is to wait for that.
   */
  terminate(): Promise<void>;
}

/** What hosts are started with. */
export interface HostOptions {
  /** Memory limits; workers only. */
  readonly resourceLimits: import('node:worker_threads').ResourceLimits | undefined;
  /** What is done before the first call. */
  readonly initializer: Initializer | undefined;
}

/** Starts hosts of one kind. */
export interface HostKind {
  readonly strategy: 'worker' | 'process';
  /** Returns before the host is ready. @throws StrategyUnavailableError when none can be started here */
  start(options: HostOptions): Host;
}
