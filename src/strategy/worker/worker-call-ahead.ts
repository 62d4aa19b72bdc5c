import type { AheadOwner, CallAhead } from '../isolation/host.js';
import type { WorkerCall } from './worker-call.js';
import type { WorkerRequests } from './worker-requests.js';

/** The call that a worker begins by itself once it has answered the one that runs. */
export class WorkerCallAhead implements CallAhead {
  readonly call: WorkerCall;
  readonly owner: AheadOwner;
  readonly #requests: WorkerRequests;
  #isTakenBack = false;

  constructor(call: WorkerCall, requests: WorkerRequests, owner: AheadOwner) {
    this.call = call;
    this.owner = owner;
    this.#requests = requests;
  }

  get isTakenBack(): boolean {
    return this.#isTakenBack;
  }

  takeBack(): boolean {
    return (this.#isTakenBack ||= this.#requests.takeBack(this.call.id));
  }

  /** The worker has answered what ran before: this one's turn has come, if it has not begun already. */
  startedAt(answeredAt: number): number {
    return this.#requests.begunAt(this.call.id) ?? answeredAt;
  }
}
