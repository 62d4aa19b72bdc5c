import {
  MessageChannel,
  receiveMessageOnPort,
  Worker,
  type MessagePort,
} from 'node:worker_threads';
import { now } from '../../clock.js';
import { CallOffers } from '../../entry/call-offers.js';
import { MovedLimits } from '../../entry/moved-limits.js';
import { fromShared, toShared } from '../../entry/shared-clock.js';
import type { TaskReply, TaskRequest } from '../../entry/task-request.js';
import { READY_ID, WorkerCells } from '../../entry/worker-cells.js';
import type {
  WorkerDeath,
  WorkerOrder,
  WorkerReport,
  WorkerStart,
} from '../../entry/worker-messages.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import type { TransferableError } from '../../errors/transfer.js';
import { WorkerExitError } from '../../errors/worker-exit-error.js';
import { moveFollowed } from '../native-strategy.js';
import { refuseEndlessStart } from '../endless-start.js';
import { entryUrl } from '../entry-url.js';
import { inheritedFlags } from '../inherited-flags.js';
import type { HostOptions, TaskCall } from '../isolation/host.js';
import { uninterrupted } from '../uninterrupted.js';
import { exitErrorOf } from './worker-exit.js';

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
  readonly #cells = new WorkerCells();
  readonly #moved = new MovedLimits();
  readonly #offers = new CallOffers();
  #lastId = READY_ID;
  #ended = false;
  /** What Node has said of its end, where the owner's loop has turned since. */
  #reported: unknown;
  #lastWords: TransferableError | undefined;
  /** The answer to the last request, where it was read together with what came before it. */
  #answer: TaskReply | undefined;
  // Whether a dead peer shows; see `#askWhetherEnded`.
  readonly #deathShows: boolean;

  /** Starts a thread; returns before it has begun to run. */
  constructor({ resourceLimits, initializer }: HostOptions) {
    refuseEndlessStart('worker');
    const { port1, port2 } = new MessageChannel();
    const start: WorkerStart = {
      hardstop: {
        port: port2,
        cells: this.#cells.buffer,
        moved: this.#moved.buffer,
        offers: this.#offers.buffer,
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
    this.worker.unref();
    // Without a listener it would be thrown into the owner's loop.
    this.worker.on('error', (error) => {
      this.#reported = error;
    });
    this.#deathShows = postProbe(port1);
  }

  /** Of the request that was posted last. */
  get lastId(): number {
    return this.#lastId;
  }

  get isReady(): boolean {
    return this.#cells.answered >= READY_ID;
  }

  /** Whether the answer to a request, the last one, has been posted. */
  hasAnswered(id: number = this.#lastId): boolean {
    return this.#cells.answered >= id;
  }

  /** Whether the task of a request, the last one, has ended, and its answer is in the making. */
  isReplying(id: number = this.#lastId): boolean {
    return this.#cells.replying === id;
  }

  /** Posts a request and returns its id; throws NotTransferableError, with nothing sent, if it cannot be cloned. */
  request(call: Omit<TaskCall, 'onMessage'>): number {
    const { task, args, cpuTimeout, name, interruptAt } = call;
    return this.#post(
      {
        id: this.#lastId + 1,
        task,
        args,
        deadline: toShared(call.deadline),
        hardDeadline: toShared(call.hardDeadline),
        interruptAt: interruptAt === undefined ? undefined : toShared(interruptAt),
        cpuTimeout,
        name,
      },
      call,
    );
  }

  /** Whether a request can be sent ahead: while the one before it has not been begun, it cannot. */
  get canRequestAhead(): boolean {
    return this.#offers.hasRoom(this.#lastId + 1);
  }

  /** Posts a request that is begun when the one that runs has been answered, unless it is taken back; as `request`. */
  requestAhead(call: Omit<TaskCall, 'onMessage'>): number {
    const { task, args, cpuTimeout, name, deadline, hardDeadline } = call;
    const id = this.#lastId + 1;
    return this.#post(
      { id, isAhead: true, task, args, deadline, hardDeadline, cpuTimeout, name },
      call,
    );
  }

  /** Takes back a request that was sent ahead; `false`: it has been begun, and what was before it answered. */
  takeBack(id: number): boolean {
    return this.#offers.takeBack(id);
  }

  /** When a request that was sent ahead was begun; `undefined`: not yet. */
  begunAt(id: number): number | undefined {
    const instant = this.#offers.begunAt(id);
    return instant === undefined ? undefined : fromShared(instant);
  }

  #post(order: TaskRequest, call: Pick<TaskCall, 'transfer'>): number {
    const { id } = order;
    this.#offers.offer(id);
    try {
      // An empty list is gone through as well.
      if (call.transfer === undefined || call.transfer.length === 0) this.port.postMessage(order);
      else this.port.postMessage(order, call.transfer);
    } catch (cause) {
      this.#offers.takeBack(id);
      throw new NotTransferableError(
        `The arguments of the task cannot be sent to another thread: ${messageOf(cause)}`,
        { cause },
      );
    }
    this.#lastId = id;
    this.#answer = undefined;
    return id;
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
    let check = FIRST_CHECK_MS;
    for (;;) {
      // Read before the port is: what is posted from here on ends the wait below.
      const { posted } = this.#cells;
      if (onOther !== undefined) this.#readOthers(until, onOther);
      if (this.hasAnswered()) return 'answered';
      const left = until - now();
      // Not `<=`: with nothing left the clock has reached `until`.
      if (!(left > 0)) return 'expired';
      this.#cells.wait(posted, Math.min(left, check));
      if (this.#cells.posted !== posted && this.#cells.exitCode === undefined) continue;
      if (this.#cells.exitCode !== undefined) check = END_CHECK_MS;
      if (this.#askWhetherEnded()) return this.hasAnswered() ? 'answered' : 'ended';
      check = Math.min(check * 1.5, LAST_CHECK_MS);
    }
  }

  /** The answer to a request, the last one, once there is one. `onOther` is called with what was posted before it. */
  takeAnswer(
    onOther: (report: WorkerReport) => void = () => undefined,
    id: number = this.#lastId,
  ): TaskReply {
    while (this.#answer?.id !== id) {
      const report = this.#readNext(id);
      if (report === undefined) throw new WorkerExitError({ exitCode: this.#cells.exitCode });
      if (this.#answer?.id !== id) onOther(report);
    }
    return this.#answer;
  }

  #readOthers(until: number, onOther: (report: WorkerReport) => void): void {
    while (this.#answer === undefined) {
      const report = this.#readNext(this.#lastId);
      if (report === undefined) return;
      if (this.#answer === undefined) onOther(report);
      if (now() >= until) return;
    }
  }

  /** What was posted next; the answer to that request is kept. */
  #readNext(id: number): WorkerReport | undefined {
    // This thread may be unwound from outside: what has been read then is not lost.
    return uninterrupted(() => {
      let received: ReturnType<typeof receiveMessageOnPort>;
      try {
        received = receiveMessageOnPort(this.port);
      } catch (cause) {
        throw new NotTransferableError('What a task has sent cannot be read here', { cause });
      }
      const report = received?.message as WorkerReport | undefined;
      if (report !== undefined && isReply(report) && report.id === id) {
        this.#answer = report;
      }
      return report;
    });
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

/** Whether a report is the reply to a request. */
export function isReply(report: WorkerReport): report is TaskReply {
  return report.kind === 'returned' || report.kind === 'threw' || report.kind === 'stopped';
}

/** Posts an empty message; whether there was somebody to post it to. See `#askWhetherEnded`. */
function postProbe(port: MessagePort): boolean {
  const post = port.postMessage.bind(port) as (message: null) => unknown;
  return post(null) === true;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
