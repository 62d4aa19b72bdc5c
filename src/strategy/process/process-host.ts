import { clearTimeout, setTimeout } from 'node:timers';
import type { ProcessReport } from '../../entry/process-messages.js';
import type { TaskReply } from '../../entry/task-request.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import type { ProcessExit } from '../../errors/process-exit-error.js';
import { fromTransferable } from '../../errors/transfer.js';
import type { Host, HostKind, HostOptions, RunningCall, TaskCall } from '../isolation/host.js';
import { refuseWhileLoading } from '../isolation/transferable-task.js';
import { endedChild } from './ended-child.js';
import { exitError } from './exit-error.js';
import { HostProcess } from './host-process.js';
import { ProcessCall, requestOf } from './process-call.js';
import { ProcessEnd } from './process-end.js';

/** How long a process that was told to close may take, ms. */
const CLOSE_LIMIT_MS = 1000;

type State = 'starting' | 'free' | 'busy' | 'lost' | 'ended';

/** A child process that runs one call at a time. */
class ProcessHost implements Host {
  readonly id: number;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #process: HostProcess;
  readonly #end: ProcessEnd;
  #state: State = 'starting';
  #lastId = 0;
  #call: ProcessCall | undefined;
  /** The error that it has said it is dying of. */
  #dying: { readonly error: unknown } | undefined;
  #wasForced = false;
  #resolveReady!: () => void;
  #rejectReady!: (error: unknown) => void;
  #resolveEnded!: () => void;
  /** Settles once it has ended, or was given up. */
  readonly #left: Promise<void>;
  #leave!: () => void;

  constructor(options: HostOptions) {
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever waits for it is told; nobody need.
    this.ready.catch(() => undefined);
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#left = new Promise((resolve) => (this.#leave = resolve));
    this.#process = new HostProcess(options, {
      onReport: (report) => {
        this.#hear(report);
      },
      onExit: (exit) => {
        void this.#exited(exit);
      },
    });
    this.id = this.#process.pid;
    this.#end = new ProcessEnd(this.id, this.#process.mark);
    void this.#end.forced.then(({ survivors }) => {
      if (survivors.includes(this.id)) this.#givenUp();
    });
  }

  get isFree(): boolean {
    return this.#state === 'free';
  }

  run(task: TaskCall): RunningCall {
    if (!this.isFree) throw new InvalidStateError('The process cannot take a call now');
    refuseWhileLoading(task.task);
    const id = ++this.#lastId;
    const call = new ProcessCall(id, task, this.#end, (order) => {
      this.#process.send(order);
    });
    try {
      this.#process.send({ kind: 'run', request: requestOf(id, task) });
    } catch (cause) {
      throw new NotTransferableError(
        `The arguments of the task cannot be sent to another process: ${(cause as Error).message}`,
        { cause },
      );
    }
    this.#state = 'busy';
    this.#call = call;
    this.#end.plan(task.deadline, task.hardDeadline);
    if (task.cpuTimeout !== Infinity) call.watchCpu(this.id, task.cpuTimeout);
    return call;
  }

  ref(): void {
    this.#process.ref();
  }

  unref(): void {
    this.#process.unref();
  }

  close(): Promise<void> {
    if (this.#state === 'ended') return this.ended;
    if (this.#state === 'busy') return this.terminate();
    this.#state = 'lost';
    this.#process.ref();
    this.#process.disconnect();
    const timer = setTimeout(() => {
      this.#force();
    }, CLOSE_LIMIT_MS);
    return this.#left.finally(() => {
      clearTimeout(timer);
    });
  }

  terminate(): Promise<void> {
    if (this.#state === 'ended') return this.ended;
    this.#process.ref();
    this.#force();
    return this.#left;
  }

  #hear(report: ProcessReport): void {
    switch (report.kind) {
      case 'ready':
        if (this.#state === 'starting') this.#state = 'free';
        this.#resolveReady();
        return;
      case 'failed':
        this.#rejectReady(fromTransferable(report.error));
        this.#force();
        return;
      case 'message':
        if (report.id === this.#call?.id) this.#call.message(report.message);
        return;
      case 'told':
        if (report.id === this.#call?.id) this.#call.told();
        return;
      case 'reply':
        if (report.reply.id === this.#call?.id) this.#replied(this.#call, report.reply);
        return;
      case 'dying':
        this.#dying = { error: fromTransferable(report.error) };
        return;
    }
  }

  #replied(call: ProcessCall, reply: TaskReply): void {
    const wasStopped = call.wasStopped;
    call.ending();
    const lives = this.#end.withdraw() && this.#state === 'busy';
    const isOver = reply.kind !== 'stopped' || reply.stopped;
    if (!lives || !isOver) {
      this.#loseTo(call, reply);
      return;
    }
    const softSent = this.#end.withdrawSoft();
    if (softSent || wasStopped || reply.kind === 'stopped') {
      void this.#endDescendants(call, reply);
      return;
    }
    this.#release(reply);
    call.replied(reply, false);
  }

  /** The soft stop has ended the task: the process lives on, what the task had started does not. */
  async #endDescendants(call: ProcessCall, reply: TaskReply): Promise<void> {
    const { signalled } = await this.#end.endDescendants();
    if (this.#call !== call) return;
    this.#release(reply);
    if (reply.kind === 'threw' && signalled.length > 0 && endedChild(reply)) {
      call.stoppedAt('signal', true);
    } else {
      call.replied(reply, false);
    }
  }

  /** The task did not end, or force may be on its way. */
  #loseTo(call: ProcessCall, reply: TaskReply): void {
    this.#force();
    void this.#left.then(() => {
      call.replied(reply, this.#state === 'ended');
    });
    this.#call = undefined;
  }

  #release(reply: TaskReply): void {
    this.#call = undefined;
    if (reply.reusable && this.#state === 'busy') {
      this.#state = 'free';
    } else {
      // Something of the task is left running there: it ends with its process, and never meets another task.
      this.#force();
    }
  }

  #force(): void {
    if (this.#state === 'ended') return;
    this.#state = 'lost';
    this.#wasForced = true;
    this.#end.force();
  }

  async #exited(exit: ProcessExit): Promise<void> {
    const wasReady = this.#state !== 'starting';
    this.#state = 'lost';
    const { root, survivors } = await this.#end.rootEnded();
    this.#state = 'ended';
    const error = exitError(exit, wasReady, this.#dying);
    this.#rejectReady(error);
    const call = this.#call;
    this.#call = undefined;
    if (this.#wasForced || root === 'hard') call?.stoppedAt('kill', survivors.length === 0);
    else call?.exited(exit, error);
    this.#resolveEnded();
    this.#leave();
  }

  /** The kernel does not let it go. */
  #givenUp(): void {
    if (this.#state === 'ended') return;
    this.#call?.stoppedAt('abandoned', false);
    this.#call = undefined;
    this.#process.unref();
    this.#leave();
  }
}

/** Hosts that are child processes. */
export const processHostKind: HostKind = {
  strategy: 'process',
  start: (options) => new ProcessHost(options),
};
