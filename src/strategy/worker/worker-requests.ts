import type { MessagePort } from 'node:worker_threads';
import type { CallOffers } from '../../entry/call-offers.js';
import { fromShared, toShared } from '../../entry/shared-clock.js';
import type { TaskRequest } from '../../entry/task-request.js';
import { LAST_ID, READY_ID } from '../../entry/worker-cells.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import type { TaskCall } from '../isolation/host.js';

/** What is sent to a worker to be run there: one request that is served and, at most, the next one. */
export class WorkerRequests {
  readonly #port: MessagePort;
  readonly #offers: CallOffers;
  #lastId = READY_ID;

  constructor(port: MessagePort, offers: CallOffers) {
    this.#port = port;
    this.#offers = offers;
  }

  /** Of the request that was posted last; the worker's being ready counts as the first. */
  get lastId(): number {
    return this.#lastId;
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
    return this.#lastId < LAST_ID && this.#offers.hasRoom(this.#lastId + 1);
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
      if (call.transfer === undefined || call.transfer.length === 0) this.#port.postMessage(order);
      else this.#port.postMessage(order, call.transfer);
    } catch (cause) {
      this.#offers.takeBack(id);
      throw new NotTransferableError(
        `The arguments of the task cannot be sent to another thread: ${messageOf(cause)}`,
        { cause },
      );
    }
    this.#lastId = id;
    return id;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
