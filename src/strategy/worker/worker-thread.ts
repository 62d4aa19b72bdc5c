import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { now } from '../../clock.js';
import { CallOffers } from '../../entry/call-offers.js';
import { MovedLimits } from '../../entry/moved-limits.js';
import { toShared } from '../../entry/shared-clock.js';
import { READY_ID, WorkerCells } from '../../entry/worker-cells.js';
import type {
  WorkerDeath,
  WorkerOrder,
  WorkerReport,
  WorkerStart,
} from '../../entry/worker-messages.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import type { TransferableError } from '../../errors/transfer.js';
import type { WorkerExitError } from '../../errors/worker-exit-error.js';
import { moveFollowed } from '../native-strategy.js';
import { refuseEndlessStart } from '../endless-start.js';
import { entryUrl } from '../entry-url.js';
import { inheritedFlags } from '../inherited-flags.js';
import type { HostOptions } from '../isolation/host.js';
import { WorkerAnswers } from './worker-answers.js';
import { exitErrorOf } from './worker-exit.js';
import { WorkerRequests } from './worker-requests.js';

/** How a wait for a worker ended. */
export type WaitResult = 'answered' | 'ended' | 'expired';

/** How long a wait goes on before it asks whether the thread is still there, ms. Grows, as each question costs memory
 * in a worker that does not turn its loop. */
const FIRST_CHECK_MS = 5;
const LAST_CHECK_MS = 250;
/** The pause between two looks at a thread that is known to be ending, ms. */
const END_CHECK_MS = 0.1;

/**
 * A worker thread of ours and what its owner knows of it. Never keeps the process alive by itself.
 *
 * The `Worker`'s events need the owner's event loop, which is blocked where the owner waits for an answer, so everything
 * here goes through shared memory and a message port that is read directly. An owner whose loop turns listens to both.
 */
export class WorkerThread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly requests: WorkerRequests;
  readonly answers: WorkerAnswers;
  readonly #cells = new WorkerCells();
  readonly #moved = new MovedLimits();
  #ended = false;
  /** What Node has said of its end, where the owner's loop has turned since. */
  #reported: unknown;
  #lastWords: TransferableError | undefined;
  // Whether a dead peer shows; see `#askWhetherEnded`.
  readonly #deathShows: boolean;

  /** Starts a thread; returns before it has begun to run. */
  constructor({ resourceLimits, initializer }: HostOptions) {
    refuseEndlessStart('worker');
    const { port1, port2 } = new MessageChannel();
    const offers = new CallOffers();
    const start: WorkerStart = {
      hardstop: {
        port: port2,
        cells: this.#cells.buffer,
        moved: this.#moved.buffer,
        offers: offers.buffer,
        initializer,
      },
    };
    try {
      this.worker = new Worker(entryUrl('worker'), {
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
    this.port = port1;
    this.requests = new WorkerRequests(port1, offers);
    this.answers = new WorkerAnswers(port1, this.#cells);
    this.worker.unref();
    // Without a listener it would be thrown into the owner's loop.
    this.worker.on('error', (error) => {
      this.#reported = error;
    });
    this.#deathShows = postProbe(port1);
  }

  get isReady(): boolean {
    return this.#cells.answered >= READY_ID;
  }

  /**
   * Moves the deadlines of a request that is being served, whatever the worker is busy with.
   *
   * @returns `false`: they have struck there already
   */
  moveDeadlines(id: number, deadline: number, hardDeadline: number): boolean {
    const { threadId } = this.worker;
    if (!moveFollowed(threadId, deadline, hardDeadline)) return false;
    this.#moved.move(id, toShared(deadline), toShared(hardDeadline));
    // Once more, for a frame that was made meanwhile; one that is made from here on asks where it was moved to.
    moveFollowed(threadId, deadline, hardDeadline);
    this.order({ control: 'move', id });
    return true;
  }

  /** Posts anything else. */
  order(order: Exclude<WorkerOrder, { readonly task: unknown }>): void {
    this.port.postMessage(order);
  }

  /**
   * Blocks until the last request is answered, or the thread, at the start, is ready.
   *
   * @param onOther called with what is posted before the answer, as it comes; what it throws is thrown from here
   */
  waitForAnswer(until: number, onOther?: (report: WorkerReport) => void): WaitResult {
    const id = this.requests.lastId;
    let check = FIRST_CHECK_MS;
    for (;;) {
      // Read before the port is: what is posted from here on ends the wait below.
      const { posted } = this.#cells;
      if (onOther !== undefined) this.answers.readOthers(id, until, onOther);
      if (this.answers.has(id)) return 'answered';
      const left = until - now();
      // Not `<=`: with nothing left the clock has reached `until`.
      if (!(left > 0)) return 'expired';
      this.#cells.wait(posted, Math.min(left, check));
      if (this.#cells.posted !== posted && this.#cells.exitCode === undefined) continue;
      if (this.#cells.exitCode !== undefined) check = END_CHECK_MS;
      if (this.#askWhetherEnded()) return this.answers.has(id) ? 'answered' : 'ended';
      check = Math.min(check * 1.5, LAST_CHECK_MS);
    }
  }

  /** The error for a thread that has ended by itself. */
  exitError(): WorkerExitError {
    const { exitCode } = this.#cells;
    return exitErrorOf({
      exitCode,
      isReady: this.isReady,
      port: this.port,
      reported: this.#reported,
      lastWords: this.#lastWords,
    });
  }

  /** Keeps what the thread has said of its end, for `exitError`. */
  keepLastWords({ error }: WorkerDeath): void {
    this.#lastWords = error;
  }

  /** Asks the engine to end the thread: JavaScript stops soon, a built-in or a system call when it returns. */
  terminate(): void {
    void this.worker.terminate();
    // `terminate()` refs the handle: a thread that is stuck must not keep the event loop of its owner alive.
    this.worker.unref();
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
      this.#cells.wait(this.#cells.posted, Math.min(left, END_CHECK_MS));
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
      this.#ended = !postProbe(this.port);
    }
    return this.#ended;
  }
}

/** Posts an empty message; whether there was somebody to post it to. See `#askWhetherEnded`. */
function postProbe(port: MessagePort): boolean {
  const post = port.postMessage.bind(port) as (message: null) => unknown;
  return post(null) === true;
}
