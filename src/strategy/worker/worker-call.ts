import { now } from '../../clock.js';
import type { TaskReply } from '../../entry/task-request.js';
import { fromTransferable } from '../../errors/transfer.js';
import type { CallOutcome, RunningCall, TaskCall } from '../isolation/host.js';

/** What a call needs of the worker that runs it. */
export interface CallKeeper {
  /** The task is to stop; what does not by `hardDeadline` is ended by force. */
  stopCall(call: WorkerCall): void;
  moveCall(call: WorkerCall): void;
}

/** One call of a task in a worker, as its owner sees it: until it is settled, once. */
export class WorkerCall implements RunningCall {
  readonly id: number;
  readonly onMessage: TaskCall['onMessage'];
  readonly outcome: Promise<CallOutcome>;
  deadline: number;
  hardDeadline: number;
  /** Its owner has asked it to stop. */
  isAsked = false;
  /** What runs without a break in the worker was told to stop by a raised error. */
  isRaised = false;
  isSettled = false;
  /** The task was seen to have ended; its answer is waited for. */
  isReplyAwaited = false;
  /** What the worker has said of a task that does not obey. */
  given: Pick<Extract<TaskReply, { readonly kind: 'stopped' }>, 'reason' | 'stuck'> | undefined;
  readonly #keeper: CallKeeper;
  #resolve!: (outcome: CallOutcome) => void;

  constructor(id: number, call: TaskCall, keeper: CallKeeper) {
    this.id = id;
    this.onMessage = call.onMessage;
    this.deadline = call.deadline;
    this.hardDeadline = call.hardDeadline;
    this.#keeper = keeper;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** One that was sent ahead: its deadlines, lengths of time until now, count from `startedAt`. */
  begin(startedAt: number): void {
    this.deadline += startedAt;
    this.hardDeadline += startedAt;
  }

  stop(hardDeadline: number): void {
    const isEarlier = hardDeadline < this.hardDeadline;
    if (this.isSettled || (this.isAsked && !isEarlier)) return;
    this.isAsked = true;
    // The worker has the deadline that has struck, and obeys it before it could hear of it from here.
    if (!isEarlier && this.deadline <= now()) return;
    this.hardDeadline = Math.min(this.hardDeadline, hardDeadline);
    this.#keeper.stopCall(this);
  }

  moveDeadlines(deadline: number, hardDeadline: number): void {
    if (this.isSettled || this.isAsked) return;
    this.deadline = deadline;
    this.hardDeadline = hardDeadline;
    this.#keeper.moveCall(this);
  }

  settle(outcome: CallOutcome): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#resolve(outcome);
  }

  /** Its thread was ended, or could not be. */
  settleForced(hasEnded: boolean): void {
    const stuck = this.given?.stuck;
    this.settle({
      kind: 'stopped',
      reason: this.isAsked ? 'asked' : (this.given?.reason ?? 'deadline'),
      stage: hasEnded ? 'terminate' : 'abandoned',
      stopped: hasEnded,
      // The engine takes a thread's stack with it: only what the task itself could tell is known.
      stuck: stuck === undefined ? undefined : (fromTransferable(stuck) as Error),
      raised: undefined,
      endedAt: now(),
    });
  }
}
