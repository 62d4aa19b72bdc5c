import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { now } from '../../clock.js';
import type { TaskReply } from '../../entry/task-request.js';
import type { WorkerCells } from '../../entry/worker-cells.js';
import type { WorkerReport } from '../../entry/worker-messages.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import { WorkerExitError } from '../../errors/worker-exit-error.js';
import { uninterrupted } from '../uninterrupted.js';

/** What a worker posts, read directly: without the event loop of its owner. */
export class WorkerAnswers {
  readonly #port: MessagePort;
  readonly #cells: WorkerCells;
  /** The last answer that was read, maybe together with what came before it. */
  #answer: TaskReply | undefined;

  constructor(port: MessagePort, cells: WorkerCells) {
    this.#port = port;
    this.#cells = cells;
  }

  /** Whether the answer to a request has been posted. */
  has(id: number): boolean {
    return this.#cells.answered >= id;
  }

  /** Whether the task of a request has ended, and its answer is in the making. */
  isReplying(id: number): boolean {
    return this.#cells.replying === id;
  }

  /** The answer to a request, once there is one. `onOther` is called with what was posted before it. */
  take(id: number, onOther: (report: WorkerReport) => void = () => undefined): TaskReply {
    while (this.#answer?.id !== id) {
      const report = this.#readNext(id);
      if (report === undefined) throw new WorkerExitError({ exitCode: this.#cells.exitCode });
      if (this.#answer?.id !== id) onOther(report);
    }
    return this.#answer;
  }

  /** Calls `onOther` with what has been posted before the answer to a request, while there is time. */
  readOthers(id: number, until: number, onOther: (report: WorkerReport) => void): void {
    while (this.#answer?.id !== id) {
      const report = this.#readNext(id);
      if (report === undefined) return;
      if (this.#answer?.id !== id) onOther(report);
      if (now() >= until) return;
    }
  }

  /** What was posted next; the answer to that request is kept. */
  #readNext(id: number): WorkerReport | undefined {
    // This thread may be unwound from outside: what has been read then is not lost.
    return uninterrupted(() => {
      let received: ReturnType<typeof receiveMessageOnPort>;
      try {
        received = receiveMessageOnPort(this.#port);
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
}

/** Whether a report is the reply to a request. */
export function isReply(report: WorkerReport): report is TaskReply {
  return report.kind === 'returned' || report.kind === 'threw' || report.kind === 'stopped';
}
