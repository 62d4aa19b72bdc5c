import { clearTimeout, setTimeout } from 'node:timers';
import { now } from '../../clock.js';
import { fromShared, toShared } from '../../entry/shared-clock.js';
import type { ProcessOrder } from '../../entry/process-messages.js';
import type { TaskReply, TaskRequest } from '../../entry/task-request.js';
import type { ProcessExit } from '../../errors/process-exit-error.js';
import { fromTransferable, type TransferableError } from '../../errors/transfer.js';
import type { CallOutcome, RunningCall, TaskCall } from '../isolation/host.js';
import type { Stage } from '../strategy.js';
import { watchCpu } from './cpu-watch.js';
import { interruptInstant } from './interrupt-instant.js';
import type { ProcessEnd } from './process-end.js';

/** What a process ends with that was told to by SIGTERM, and has done so in an orderly way. */
const ORDERLY_EXITS: ReadonlySet<number> = new Set([0, 128 + 15]);

/** A process that has not said by then that it was told to stop is stuck in a part without a break, ms. */
const TOLD_LIMIT_MS = 500;

/** A call that runs in a process: its deadlines, and what its end means. */
export class ProcessCall implements RunningCall {
  readonly id: number;
  readonly outcome: Promise<CallOutcome>;
  readonly #end: ProcessEnd;
  readonly #send: (order: ProcessOrder) => void;
  readonly #onMessage: ((message: unknown) => void) | undefined;
  #resolve!: (outcome: CallOutcome) => void;
  #deadline: number;
  #hardDeadline: number;
  /** Whether a part without a break has no grace: what cannot hear that it is to stop is not waited for. */
  readonly #cutsAtOnce: boolean;
  #wasAsked = false;
  #toldTimer: NodeJS.Timeout | undefined;
  #unwatchCpu: (() => void) | undefined;
  #isOutOfCpu = false;
  /** Its task has ended, and what is left is no longer for its owner to stop. */
  #isEnding = false;
  #isOver = false;

  constructor(id: number, call: TaskCall, end: ProcessEnd, send: (order: ProcessOrder) => void) {
    this.id = id;
    this.#end = end;
    this.#send = send;
    this.#onMessage = call.onMessage;
    this.#deadline = call.deadline;
    this.#hardDeadline = call.hardDeadline;
    this.#cutsAtOnce = call.interruptAt !== undefined && call.interruptAt <= call.deadline;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Whether it was told to stop: by its deadline, or by its owner. */
  get wasStopped(): boolean {
    return this.#wasAsked || now() >= this.#deadline;
  }

  stop(hardDeadline: number): void {
    if (this.#isEnding) return;
    if (now() < this.#deadline) this.#wasAsked = true;
    this.#hardDeadline = Math.min(this.#hardDeadline, hardDeadline);
    const isForced = this.#hardDeadline <= now();
    // It is killed just now; to tell it takes time that its end needs as well.
    if (!isForced) {
      this.#send({ kind: 'stop', id: this.id, hardDeadline: toShared(this.#hardDeadline) });
    }
    this.#end.stop(this.#hardDeadline);
    if (isForced || !this.#cutsAtOnce) return;
    this.#toldTimer ??= setTimeout(() => {
      this.#end.force();
    }, TOLD_LIMIT_MS);
  }

  /** The process has heard that it is to stop. */
  told(): void {
    clearTimeout(this.#toldTimer);
  }

  /** Keeps the limit on the CPU time of the process from outside. */
  watchCpu(pid: number, limit: number): void {
    this.#unwatchCpu = watchCpu(pid, limit, () => {
      this.#isOutOfCpu = true;
      this.#end.force();
    });
  }

  moveDeadlines(deadline: number, hardDeadline: number): void {
    if (this.#isEnding || this.wasStopped) return;
    this.#deadline = deadline;
    this.#hardDeadline = hardDeadline;
    this.#send({
      kind: 'move',
      id: this.id,
      deadline: toShared(deadline),
      hardDeadline: toShared(hardDeadline),
      interruptAt: toSharedIfAny(interruptInstant(deadline, hardDeadline, !this.#cutsAtOnce)),
    });
    this.#end.plan(deadline, hardDeadline);
  }

  ending(): void {
    this.told();
    this.#unwatchCpu?.();
    this.#isEnding = true;
  }

  message(message: unknown): void {
    if (!this.#isOver) this.#onMessage?.(message);
  }

  /** The task has ended, or given up, in a process that lives. `wasKilled`: that was ended for it. */
  replied(reply: TaskReply, wasKilled: boolean): void {
    const endedAt = fromShared(reply.endedAt);
    switch (reply.kind) {
      case 'returned':
        this.#settle({ kind: 'returned', value: reply.value, endedAt });
        return;
      case 'threw':
        this.#settle({ kind: 'threw', error: fromTransferable(reply.error), endedAt });
        return;
      case 'stopped':
        if (reply.late !== undefined && endedAt < this.#deadline) {
          // It could not hear that its deadline had been moved.
          this.#settle({ kind: 'returned', value: reply.late.value, endedAt });
          return;
        }
        this.#settle({
          kind: 'stopped',
          reason: reply.reason,
          stage: reply.stopped ? reply.stage : 'kill',
          stopped: reply.stopped || wasKilled,
          stuck: rebuilt(reply.stuck) as Error | undefined,
          raised: rebuilt(reply.raised),
          endedAt: reply.stopped ? endedAt : now(),
        });
    }
  }

  /** Its process has ended, and not by force of ours. */
  exited(exit: ProcessExit, error: Error): void {
    const isOrderly = exit.signal === 'SIGTERM' || ORDERLY_EXITS.has(exit.exitCode ?? -1);
    if (this.wasStopped && isOrderly) this.stoppedAt('signal', true);
    else this.#settle({ kind: 'died', error, endedAt: now() });
  }

  /** It was stopped from outside. */
  stoppedAt(stage: Stage, stopped: boolean): void {
    const wasAsked = this.#wasAsked || now() < this.#deadline;
    this.#settle({
      kind: 'stopped',
      reason: this.#isOutOfCpu ? 'cpu' : wasAsked ? 'asked' : 'deadline',
      stage,
      stopped,
      stuck: undefined,
      raised: undefined,
      endedAt: now(),
    });
  }

  #settle(outcome: CallOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.ending();
    this.#resolve(outcome);
  }
}

/** A call as its process is told it. */
export function requestOf(id: number, call: TaskCall): TaskRequest {
  const { task, args, deadline, hardDeadline, interruptAt, cpuTimeout, name } = call;
  return {
    id,
    task,
    args,
    deadline: toShared(deadline),
    hardDeadline: toShared(hardDeadline),
    interruptAt: toSharedIfAny(interruptAt),
    cpuTimeout,
    name,
  };
}

function toSharedIfAny(instant: number | undefined): number | undefined {
  return instant === undefined ? undefined : toShared(instant);
}

function rebuilt(error: TransferableError | undefined): unknown {
  return error === undefined ? undefined : fromTransferable(error);
}
