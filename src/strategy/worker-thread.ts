import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  workerData,
  type MessagePort,
  type ResourceLimits,
  type Transferable,
} from 'node:worker_threads';
import { hasEntryStarted } from '../entry/loading-module.js';
import { READY_ID, sharedNow, WorkerCells } from '../entry/worker-cells.js';
import type {
  TransferableTask,
  WorkerAnswer,
  WorkerDeath,
  WorkerRequest,
  WorkerStart,
} from '../entry/worker-messages.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { StrategyUnavailableError } from '../errors/strategy-unavailable-error.js';
import { fromTransferable, type TransferableError } from '../errors/transfer.js';
import { WorkerExitError } from '../errors/worker-exit-error.js';
import { now } from '../clock.js';
import { inheritedFlags } from './inherited-flags.js';

/** How a wait for a worker ended. */
export type WaitResult = 'answered' | 'ended' | 'expired';

/** How long a wait goes on before it asks whether the thread is still there, ms. Grows, as each question costs memory
 * in a worker that does not turn its loop. */
const FIRST_CHECK_MS = 5;
const LAST_CHECK_MS = 250;
/** What Node gives a thread that ends because of an error, a failed allocation included. */
const UNCAUGHT_EXIT_CODE = 1;
/** The pause between two looks at a thread that is known to be ending, ms. */
const END_CHECK_MS = 0.1;

/**
 * A worker thread of ours and what its owner, the thread that blocks on it, knows of it.
 *
 * Never keeps the process alive. The `Worker`'s events need the owner's event loop, which is blocked when they matter, so
 * everything here goes through shared memory and a message port that is read directly.
 */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #cells = new WorkerCells();
  #lastId = READY_ID;
  #ended = false;
  // Whether a dead peer shows; see `#askWhetherEnded`.
  readonly #deathShows: boolean;

  /** Starts a thread; returns before it has begun to run. */
  constructor(resourceLimits: ResourceLimits | undefined) {
    if ((workerData as Partial<WorkerStart> | null)?.hardstop !== undefined && !hasEntryStarted()) {
      throw new StrategyUnavailableError(
        'worker',
        'A module that is preloaded into every thread (--import, --require) started a task while it was loaded into a worker of hardstop itself, which would go on for ever',
      );
    }
    const { port1, port2 } = new MessageChannel();
    const start: WorkerStart = { hardstop: { port: port2, cells: this.#cells.buffer } };
    try {
      this.#worker = new Worker(new URL('../entry/worker.js', import.meta.url), {
        name: 'hardstop',
        workerData: start,
        transferList: [port2],
        ...(resourceLimits !== undefined && { resourceLimits }),
        ...inheritedFlags(),
      });
    } catch (cause) {
      port1.close();
      throw new StrategyUnavailableError('worker', 'A worker thread cannot be started here', {
        cause,
      });
    }
    this.#port = port1;
    this.#worker.unref();
    // Reported by `waitForAnswer`, or of no interest any more. Without a listener it would be thrown into the owner's loop.
    this.#worker.on('error', () => undefined);
    this.#deathShows = postProbe(port1);
  }

  get isReady(): boolean {
    return this.#cells.answered >= READY_ID;
  }

  /** When the last answer was ready, `performance.now()` scale of this thread. */
  get answeredAt(): number {
    // Both clocks are the same one, from different origins.
    return now() - (sharedNow() - this.#cells.endedAt);
  }

  /** Posts a request; throws NotTransferableError, with nothing sent, if the arguments cannot be cloned. */
  request(
    task: TransferableTask,
    args: readonly unknown[],
    transfer: readonly Transferable[] | undefined,
  ): void {
    const request: WorkerRequest = { id: this.#lastId + 1, task, args };
    try {
      this.#port.postMessage(request, transfer ?? []);
    } catch (cause) {
      throw new NotTransferableError(
        `The arguments of the task cannot be sent to another thread: ${messageOf(cause)}`,
        { cause },
      );
    }
    this.#lastId++;
  }

  /** Blocks until the last request is answered, or the thread, at the start, is ready. */
  waitForAnswer(until: number): WaitResult {
    let check = FIRST_CHECK_MS;
    for (;;) {
      const { answered } = this.#cells;
      if (answered === this.#lastId) return 'answered';
      const left = until - now();
      // Not `<=`: with nothing left the clock has reached `until`.
      if (!(left > 0)) return 'expired';
      this.#cells.wait(answered, Math.min(left, check));
      if (this.#cells.answered !== answered) continue;
      if (this.#cells.exitCode !== undefined) check = END_CHECK_MS;
      if (this.#askWhetherEnded()) {
        return this.#cells.answered === this.#lastId ? 'answered' : 'ended';
      }
      check = Math.min(check * 1.5, LAST_CHECK_MS);
    }
  }

  /** The answer to the last request, once there is one. */
  takeAnswer(): WorkerAnswer {
    for (;;) {
      let received: ReturnType<typeof receiveMessageOnPort>;
      try {
        received = receiveMessageOnPort(this.#port);
      } catch (cause) {
        throw new NotTransferableError('The result of the task cannot be read here', { cause });
      }
      if (received === undefined) throw new WorkerExitError({ exitCode: this.#cells.exitCode });
      const message = received.message as WorkerAnswer | WorkerDeath;
      if (message.kind !== 'dying' && message.id === this.#lastId) return message;
    }
  }

  /** The error for a thread that has ended by itself. */
  exitError(): WorkerExitError {
    const { exitCode } = this.#cells;
    const dying = this.#lastWords();
    if (dying !== undefined) {
      const cause = fromTransferable(dying);
      return new WorkerExitError(
        { exitCode: exitCode ?? UNCAUGHT_EXIT_CODE },
        `The worker ended before the task had answered, because of an error that nobody caught: ${messageOf(cause)}`,
        { cause },
      );
    }
    if (exitCode !== undefined) return new WorkerExitError({ exitCode });
    // No exit handler has run. Node then gives the thread this exit code, in an event that comes too late for us.
    return new WorkerExitError(
      { exitCode: UNCAUGHT_EXIT_CODE },
      this.isReady
        ? 'The worker was ended by Node before the task had answered; most often it was out of memory (see `resourceLimits`)'
        : "The worker ended before it was ready; a module preloaded by --import or --require may have failed in it, or hardstop's files are not all in place",
    );
  }

  #lastWords(): TransferableError | undefined {
    for (;;) {
      try {
        const received = receiveMessageOnPort(this.#port);
        if (received === undefined) return undefined;
        const message = received.message as WorkerAnswer | WorkerDeath;
        if (message.kind === 'dying') return message.error;
      } catch {
        // A result that cannot be read here: not what is looked for.
      }
    }
  }

  /** Asks the engine to end the thread: JavaScript stops soon, a built-in or a system call when it returns. */
  terminate(): void {
    void this.#worker.terminate();
    // `terminate()` refs the handle: a thread that is stuck must not keep the event loop of its owner alive.
    this.#worker.unref();
  }

  /**
   * Blocks until the thread has ended, at most `ms`.
   *
   * @returns whether it is certain that no JavaScript of the thread runs any more
   */
  waitForEnd(ms: number): boolean {
    const until = now() + ms;
    while (!this.#askWhetherEnded()) {
      const left = until - now();
      if (!(left > 0)) return false;
      this.#cells.wait(this.#cells.answered, Math.min(left, END_CHECK_MS));
    }
    return true;
  }

  /** Whether the thread is known to have ended. */
  get hasEnded(): boolean {
    return this.#ended || this.#askWhetherEnded();
  }

  /**
   * The evidence for a thread's end: `postMessage` returns `false` once the other port is gone. That port is in nobody's
   * hands but the entry's, and Node closes it when it takes the thread's environment down, after the last JavaScript has
   * been unwound and the threads that it had started have been joined. The return value is not documented; it has been
   * the same on all Node versions that we support, is checked when a thread is started, and where it is missing no
   * thread ever counts as ended.
   */
  #askWhetherEnded(): boolean {
    if (!this.#ended && this.#deathShows) {
      this.#ended = !postProbe(this.#port);
    }
    return this.#ended;
  }
}

/** Posts an empty message; whether there was somebody to post it to. See `#askWhetherEnded`. */
function postProbe(port: MessagePort): boolean {
  const post = port.postMessage.bind(port) as (message: null) => unknown;
  return post(null) === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
