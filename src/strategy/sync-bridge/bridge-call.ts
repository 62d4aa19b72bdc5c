import { receiveMessageOnPort } from 'node:worker_threads';
import type { BridgeReply, BridgeRequest, BridgeServiceName } from '../../entry/bridge-messages.js';
import { toShared } from '../../entry/shared-clock.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import { fromTransferable } from '../../errors/transfer.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import { WorkerExitError } from '../../errors/worker-exit-error.js';
import { now } from '../../clock.js';
import { uninterrupted } from '../uninterrupted.js';
import { bridgeThread, type BridgeThread, type Lane } from './bridge-thread.js';

/** How a wait for an answer ended. */
export type BridgeWait = 'answered' | 'expired';

/** How long a wait goes on before it asks whether the bridge is still there, ms. Grows. */
const FIRST_CHECK_MS = 20;
const LAST_CHECK_MS = 500;

/**
 * A call of a service in the bridge, made by a thread that then blocks until the answer is there.
 *
 * All of it runs on the caller's thread. The wait may be unwound from outside, by the hard stop of a scope around it: no
 * line behind it runs then, so whoever makes a call has `abandon` called by the cleanup of its scope.
 */
export class BridgeCall {
  readonly #bridge: BridgeThread;
  readonly #lane: Lane;
  readonly #id: number;
  #answer: (BridgeReply & { readonly kind: 'returned' | 'threw' }) | undefined;

  /** Posts the request. */
  constructor(service: BridgeServiceName, request: unknown) {
    this.#bridge = bridgeThread();
    this.#lane = this.#bridge.freeLane();
    this.#id = this.#lane.id + 1;
    try {
      this.#post({ kind: 'call', id: this.#id, service, request });
    } catch (cause) {
      throw new NotTransferableError(
        `The call cannot be sent to another thread: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    this.#lane.id = this.#id;
    this.#lane.isBusy = true;
  }

  /**
   * Blocks until the answer is there, at most until `until` (`performance.now()` scale).
   *
   * @param onEvent called here with what the service emits meanwhile; what it throws is thrown from here
   * @throws WorkerExitError when the bridge has ended; StrategyUnavailableError when it could not be started
   */
  wait(until: number, onEvent?: (event: unknown) => void): BridgeWait {
    const { cells } = this.#bridge;
    let check = FIRST_CHECK_MS;
    for (;;) {
      // Read before the port is: what is posted from here on ends the wait below.
      const seen = cells.posted;
      if (this.#receive(onEvent)) return 'answered';
      const left = until - now();
      if (!(left > 0)) return 'expired';
      cells.wait(seen, Math.min(left, check));
      if (cells.posted !== seen) continue;
      if (this.#askWhetherEnded()) {
        if (this.#receive(onEvent)) return 'answered';
        this.#lane.isBusy = false;
        throw new WorkerExitError(
          { exitCode: undefined },
          'The thread that serves blocking calls has ended by itself',
        );
      }
      if (uninterrupted(() => this.#bridge.askWhetherStillborn())) {
        this.#lane.isBusy = false;
        throw new StrategyUnavailableError(
          'process',
          'The worker thread that a blocking call needs has not begun to run; most often threads or descriptors are used up',
        );
      }
      check = cells.isExiting ? 1 : Math.min(check * 2, LAST_CHECK_MS);
    }
  }

  /** The answer, once there is one; throws what the service has thrown. */
  take(): unknown {
    const answer = this.#answer;
    if (answer === undefined) throw new Error('There is no answer yet');
    if (answer.kind === 'threw') throw fromTransferable(answer.error);
    return answer.value;
  }

  /** Asks the service to stop, by force at `hardDeadline`. */
  stop(hardDeadline: number): void {
    if (this.#answer !== undefined || !this.#lane.isBusy) return;
    uninterrupted(() => {
      this.#post({ kind: 'stop', id: this.#id, hardDeadline: toShared(hardDeadline) });
    });
  }

  /** Has the service stop at once, and forgets the call. Does nothing for one that was answered. */
  abandon(): void {
    if (this.#answer !== undefined || this.#lane.id !== this.#id) return;
    this.stop(now());
    this.#lane.isBusy = false;
  }

  /** Reads what has come for this call; whether the answer was among it. */
  #receive(onEvent: ((event: unknown) => void) | undefined): boolean {
    while (this.#answer === undefined) {
      const received = uninterrupted(() => this.#take());
      if (received === undefined) return false;
      if (received.kind === 'event') onEvent?.(received.event);
    }
    return true;
  }

  /** The next message for this call; if it is the answer, it is kept. */
  #take(): BridgeReply | undefined {
    let received: BridgeReply | undefined;
    do received = this.#read();
    while (received !== undefined && received.id !== this.#id);
    if (received !== undefined && received.kind !== 'event') {
      this.#lane.isBusy = false;
      this.#answer = received;
    }
    return received;
  }

  #read(): BridgeReply | undefined {
    try {
      return receiveMessageOnPort(this.#lane.port)?.message as BridgeReply | undefined;
    } catch (cause) {
      throw new NotTransferableError('What a task has sent cannot be read here', { cause });
    }
  }

  #post(message: BridgeRequest): void {
    this.#lane.port.postMessage(message);
  }

  #askWhetherEnded(): boolean {
    return uninterrupted(() => this.#bridge.askWhetherEnded(this.#lane));
  }
}

/**
 * Begins a call; returns at once. See {@link BridgeCall}.
 *
 * @param enter puts the call where the cleanup of its scope finds it: done in the same step, which no stop can cut
 */
export function startBridgeCall(
  service: BridgeServiceName,
  request: unknown,
  enter?: (call: BridgeCall) => void,
): BridgeCall {
  return uninterrupted(() => {
    const call = new BridgeCall(service, request);
    enter?.(call);
    return call;
  });
}
