import type { AheadOwner, CallAhead } from '../isolation/host.js';
import type { WorkerCall } from './worker-call.js';
import type { WorkerThread } from './worker-thread.js';

/** The call that a worker begins by itself once it has answered the one that runs. */
export class WorkerCallAhead implements CallAhead {
  readonly call: WorkerCall;
  readonly owner: AheadOwner;
  readonly #thread: WorkerThread;
  #isTakenBack = false;

  constructor(call: WorkerCall, thread: WorkerThread, owner: AheadOwner) {
    this.call = call;
    this.owner = owner;
    this.#thread = thread;
  }

  get isTakenBack(): boolean {
    return this.#isTakenBack;
  }

  takeBack(): boolean {
    return (this.#isTakenBack ||= this.#thread.takeBack(this.call.id));
  }

  /** The worker has answered what ran before: this one's turn has come, if it has not begun already. */
  startedAt(answeredAt: number): number {
    return this.#thread.begunAt(this.call.id) ?? answeredAt;
  }
}
