import { now } from '../../clock.js';
import { toShared } from '../../entry/shared-clock.js';
import type { TaskReply } from '../../entry/task-request.js';
import type { WorkerReport } from '../../entry/worker-messages.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import type {
  AheadOwner,
  CallAhead,
  CallOutcome,
  Host,
  HostKind,
  HostOptions,
  RunningCall,
  TaskCall,
} from '../isolation/host.js';
import { outcomeOf } from '../isolation/reply-outcome.js';
import { refuseWhileLoading } from '../isolation/transferable-task.js';
import { nativeRefusal } from '../native-strategy.js';
import { ANSWER_LIMIT_MS, answerAllowance, END_LIMIT_MS } from './allowances.js';
import { ForceTimer } from './force-timer.js';
import { raiseInTask } from './raise-in-task.js';
import { isReply } from './worker-answers.js';
import { WorkerCallAhead } from './worker-call-ahead.js';
import { WorkerCall, type CallKeeper } from './worker-call.js';
import { WorkerThread } from './worker-thread.js';

/** How long an answer that is known to be on its way is waited for before it is looked for again, ms. */
const QUEUED_ANSWER_MS = 5;

/** How long an idle thread that was told to end may take, ms. */
const CLOSE_LIMIT_MS = 1_000;

/** Worker threads. */
export const workerHostKind: HostKind = {
  strategy: 'worker',
  start: (options) => new WorkerHost(options),
};

/**
 * A worker thread that runs one task at a time for an owner whose event loop turns.
 *
 * Stops come in two stages. At the hard deadline the task is interrupted inside the worker, by the watchdog and on time
 * however busy the owner is; the worker answers and is free. One that has not answered {@link answerAllowance} ms later
 * is ended, thread and all.
 */
class WorkerHost implements Host, CallKeeper {
  readonly id: number;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  /** Settles once it has ended, or was given up. */
  readonly #left: Promise<void>;
  readonly #thread: WorkerThread;
  readonly #force = new ForceTimer(() => {
    this.#onForceDue();
  });
  #call: WorkerCall | undefined;
  /** Is next, if the worker comes to it. */
  #ahead: WorkerCallAhead | undefined;
  #isReady = false;
  /** It is ending, or has something running that nobody waits for: it takes no call any more. */
  #isLost = false;
  #hasEnded = false;
  #isClosing = false;
  #isRef = false;
  /** It was told to end, and has not. */
  #isGivenUp = false;
  #leave: () => void = () => undefined;
  /** Its owner has told it to end, and may wait for that. */
  #isAwaited = false;

  constructor(options: HostOptions) {
    const thread = new WorkerThread(options);
    const { worker, port } = thread;
    this.#thread = thread;
    this.id = worker.threadId;
    let onReady: (() => void) | undefined;
    let onUnready: ((error: Error) => void) | undefined;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onUnready = reject;
    });
    // Whoever waits for it hears of it; it is nobody's unhandled rejection.
    this.ready.catch(() => undefined);
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#onExit(onUnready);
        this.#leave();
        resolve();
      });
    });
    port.on('message', (report: WorkerReport) => {
      if (report.kind === 'ready') {
        this.#isReady = true;
        onReady?.();
      } else {
        this.#onReport(report);
      }
    });
    port.on('messageerror', (cause) => {
      this.#onUnreadable(cause);
    });
    port.unref();
  }

  get isFree(): boolean {
    return this.#isReady && this.#call === undefined && !this.#isLost && !this.#isClosing;
  }

  run(call: TaskCall): RunningCall {
    if (!this.isFree) throw new InvalidStateError('The worker cannot take a call now');
    refuseWhileLoading(call.task);
    if (call.cpuTimeout !== Infinity && nativeRefusal !== undefined) {
      throw new StrategyUnavailableError(
        'worker',
        `A limit on CPU time needs the native strategy inside the worker, which is not there: ${nativeRefusal.message}`,
        { cause: nativeRefusal },
      );
    }
    const running = new WorkerCall(this.#thread.requests.request(call), call, this);
    this.#call = running;
    this.#force.set(running.hardDeadline + answerAllowance);
    return running;
  }

  runAhead(call: TaskCall, owner: AheadOwner): CallAhead | undefined {
    // What is told to stop may have to be ended by force.
    if (this.#call?.isAsked !== false || this.#isLost || this.#isClosing) return undefined;
    if (this.#ahead?.isTakenBack === false || !this.#thread.requests.canRequestAhead)
      return undefined;
    let id: number;
    try {
      refuseWhileLoading(call.task);
      id = this.#thread.requests.requestAhead(call);
    } catch {
      // Whoever sends it when its turn has come finds out as well.
      return undefined;
    }
    this.#ahead = new WorkerCallAhead(new WorkerCall(id, call, this), this.#thread.requests, owner);
    return this.#ahead;
  }

  ref(): void {
    this.#isRef = true;
    if (!this.#hasEnded) this.#thread.worker.ref();
  }

  unref(): void {
    this.#isRef = false;
    if (!this.#isAwaited) this.#thread.worker.unref();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#returnAhead();
    while (this.#call !== undefined) await this.#call.outcome;
    if (this.#isLost) return this.#left;
    this.#isLost = true;
    this.ref();
    this.#thread.order({ control: 'close' });
    const force = new ForceTimer(() => {
      this.#end();
    });
    force.set(now() + CLOSE_LIMIT_MS);
    await this.#left;
    force.dispose();
  }

  terminate(): Promise<void> {
    if (this.#call !== undefined) this.#call.isAsked = true;
    // Whoever waits for the end is to hear of it, however long it takes; what is stuck was given up before, and keeps
    // nothing alive.
    if (!this.#isGivenUp) {
      this.#isAwaited = true;
      this.ref();
    }
    this.#end();
    return this.#left;
  }

  stopCall(call: WorkerCall): void {
    if (this.#isLost) return;
    const hardDeadline = toShared(call.hardDeadline);
    this.#thread.order({ control: 'stop', id: call.id, hardDeadline });
    this.#force.set(call.hardDeadline);
    // What runs without a break hears no message.
    if (call.hardDeadline <= now()) this.#raise(call);
  }

  moveCall(call: WorkerCall): void {
    // It is the frames of the thread that are moved: not those of the next call, which has begun if this one has ended.
    if (this.#isLost || !this.#returnAhead()) return;
    if (this.#thread.moveDeadlines(call.id, call.deadline, call.hardDeadline)) {
      this.#force.set(call.hardDeadline + answerAllowance);
    }
  }

  #raise(call: WorkerCall): void {
    // The next one would be hit.
    if (!call.isRaised && this.#returnAhead()) {
      call.isRaised = true;
      raiseInTask(this.id);
    }
    this.#force.set(Math.max(call.hardDeadline, now()) + answerAllowance);
  }

  #onForceDue(): void {
    const call = this.#call;
    if (this.#hasEnded) return;
    if (this.#isLost) {
      // Told to end, and has not: it is inside something that does not look up.
      this.#isGivenUp = true;
      this.#isAwaited = false;
      this.unref();
      if (call !== undefined) this.#settle(call, undefined);
      this.#leave();
    } else if (call === undefined) {
      // It came to its end while the timer fired.
    } else if (this.#thread.answers.has(call.id)) {
      // This loop was busy, or is with messages of the task: the answer comes behind them.
      this.#force.set(now() + QUEUED_ANSWER_MS);
    } else if (this.#thread.answers.isReplying(call.id) && !call.isReplyAwaited) {
      call.isReplyAwaited = true;
      this.#force.set(now() + ANSWER_LIMIT_MS);
    } else if (!this.#returnAhead()) {
      // What is to be stopped has ended just now.
      this.#force.set(now() + QUEUED_ANSWER_MS);
    } else if (call.isAsked && !call.isRaised && nativeRefusal === undefined) {
      this.#raise(call);
    } else {
      this.#end();
    }
  }

  /** Ends the thread; the call is settled when that has happened, or has taken too long. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#returnAhead();
    this.#isLost = true;
    this.#thread.terminate();
    if (this.#isRef) this.#thread.worker.ref();
    this.#force.set(now() + END_LIMIT_MS);
  }

  #onReport(report: WorkerReport): void {
    if (report.kind === 'dying') {
      this.#thread.keepLastWords(report);
      return;
    }
    const call = this.#call;
    if (call === undefined) return;
    if (report.kind === 'message') {
      if (report.id === call.id) call.onMessage?.(report.message);
    } else if (isReply(report) && report.id === call.id) {
      this.#onReply(call, report);
    }
  }

  #onReply(call: WorkerCall, reply: TaskReply): void {
    if (reply.kind === 'stopped' && !reply.stopped && !this.#hasEnded) {
      // It does not obey: its thread goes with it.
      call.given = { reason: reply.reason, stuck: reply.stuck };
      if (!this.#isLost) this.#end();
      return;
    }
    if (!reply.reusable) this.#isLost = true;
    let outcome: CallOutcome;
    try {
      outcome = outcomeOf(reply);
    } catch (error) {
      outcome = { kind: 'threw', error, endedAt: now() };
    }
    if (outcome.kind === 'stopped' && outcome.reason === 'raised' && call.isRaised) {
      outcome = { ...outcome, reason: call.isAsked ? 'asked' : 'deadline', raised: undefined };
    }
    this.#settle(call, outcome);
  }

  /** A result that cannot be read here. Its reply, which says whether the worker is clean, is lost with it. */
  #onUnreadable(cause: unknown): void {
    const call = this.#call;
    if (call === undefined) return;
    // One that has begun another call was clean.
    if (this.#returnAhead()) this.#isLost = true;
    const error = new NotTransferableError('The result of the task cannot be read here', { cause });
    this.#settle(call, { kind: 'threw', error, endedAt: now() });
  }

  #onExit(onUnready: ((error: Error) => void) | undefined): void {
    const wasEnded = this.#isLost;
    this.#returnAhead();
    this.#hasEnded = true;
    this.#isLost = true;
    if (!this.#isReady) onUnready?.(this.#thread.exitError());
    // That of a second one, which was begun when the first had been answered.
    for (let call = this.#call; call !== undefined; call = this.#call) {
      // The answer may have been posted before the end, and not been read yet.
      if (this.#thread.answers.has(call.id)) this.#readAnswer(call);
      if (this.#call !== call) continue;
      this.#settle(
        call,
        wasEnded ? undefined : { kind: 'died', error: this.#thread.exitError(), endedAt: now() },
      );
    }
    this.#force.dispose();
    this.#thread.port.close();
  }

  #readAnswer(call: WorkerCall): void {
    try {
      const reply = this.#thread.answers.take(call.id, (report) => {
        this.#onReport(report);
      });
      if (reply.kind !== 'stopped' || reply.stopped) this.#onReply(call, reply);
    } catch (error) {
      if (error instanceof NotTransferableError) {
        this.#settle(call, { kind: 'threw', error, endedAt: now() });
      }
    }
  }

  /** `undefined`: it was ended by force, as far as that has come. */
  #settle(call: WorkerCall, outcome: CallOutcome | undefined): void {
    const ahead = this.#isLost && this.#returnAhead() ? undefined : this.#ahead;
    this.#call = this.#ahead = undefined;
    this.#force.set(Infinity);
    if (outcome === undefined) call.settleForced(this.#hasEnded);
    else call.settle(outcome);
    if (ahead?.isTakenBack === false) this.#goOn(ahead);
  }

  /** The call that was sent ahead is the one that runs. */
  #goOn(ahead: WorkerCallAhead): void {
    const { call, owner } = ahead;
    // Read before it is asked whether it has begun: its own clock is not to run before this one.
    const answeredAt = now();
    const startedAt = ahead.startedAt(answeredAt);
    call.begin(startedAt);
    this.#call = call;
    // It is being ended, and this one with it: that is not waited for any longer than it would have been.
    if (this.#isLost) call.isAsked = true;
    this.#force.set(this.#isLost ? now() + END_LIMIT_MS : call.hardDeadline + answerAllowance);
    owner.begun(call, startedAt);
  }

  /** Takes back what was sent ahead; `false`: it has begun. */
  #returnAhead(): boolean {
    const ahead = this.#ahead;
    if (ahead === undefined || ahead.isTakenBack) return true;
    if (!ahead.takeBack()) return false;
    this.#ahead = undefined;
    ahead.owner.returned();
    return true;
  }
}
