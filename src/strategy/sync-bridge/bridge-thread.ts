import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { now } from '../../clock.js';
import { BridgeCells } from '../../entry/bridge-cells.js';
import type { BridgeStart, NewLane } from '../../entry/bridge-messages.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import { refuseEndlessStart } from '../endless-start.js';
import { entryUrl } from '../entry-url.js';
import { inheritedFlags } from '../inherited-flags.js';

/** A thread that has not begun by then never will, ms. */
const START_LIMIT_MS = 30_000;

/**
 * A channel to the bridge that one call at a time waits on. A call made by another one's callback waits on a lane of its
 * own: when it is unwound from outside, whatever it had half read was its own.
 */
export interface Lane {
  readonly port: MessagePort;
  /** Of the last call. */
  id: number;
  isBusy: boolean;
}

/**
 * The worker thread in which asynchronous work is done for this thread while it blocks: one for each thread that makes
 * such calls, started by the first and kept. Never keeps the process alive.
 */
export class BridgeThread {
  readonly cells: BridgeCells = new BridgeCells();
  readonly #worker: Worker;
  readonly #lanes: Lane[] = [];
  readonly #startedAt: number = now();
  #hasEnded = false;

  /** Starts it; returns before it has begun to run. */
  constructor() {
    refuseEndlessStart('process');
    const start: BridgeStart = { hardstop: { cells: this.cells.buffer } };
    try {
      this.#worker = new Worker(entryUrl('bridge'), {
        name: 'hardstop bridge',
        workerData: start,
        ...inheritedFlags(),
      });
    } catch (cause) {
      throw new StrategyUnavailableError(
        'process',
        'The worker thread that a blocking call needs cannot be started here',
        { cause },
      );
    }
    this.#worker.unref();
    // Seen by whoever waits; nobody else has an interest in it.
    this.#worker.on('error', () => undefined);
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Whether the thread could not be started: that the system had no thread or descriptor for it Node tells in the loop of
   * this thread alone, which waits for it.
   */
  askWhetherStillborn(): boolean {
    if (this.cells.hasBegun || now() < this.#startedAt + START_LIMIT_MS) return false;
    this.#hasEnded = true;
    void this.#worker.terminate();
    this.#worker.unref();
    return true;
  }

  /** A lane that no call waits on. The caller marks it as busy. */
  freeLane(): Lane {
    const free = this.#lanes.find(({ isBusy }) => !isBusy);
    if (free !== undefined) return free;
    const { port1, port2 } = new MessageChannel();
    const message: NewLane = { lane: port2 };
    this.#worker.postMessage(message, [port2]);
    const lane: Lane = { port: port1, id: 0, isBusy: false };
    this.#lanes.push(lane);
    return lane;
  }

  /**
   * Asks whether the thread is still there: `postMessage` returns `false` once the other port is gone (see
   * `WorkerThread`, which relies on the same).
   */
  askWhetherEnded(lane: Lane): boolean {
    const post = lane.port.postMessage.bind(lane.port) as (message: null) => unknown;
    if (post(null) === false) this.#hasEnded = true;
    return this.#hasEnded;
  }
}

let bridge: BridgeThread | undefined;

/** This thread's bridge. */
export function bridgeThread(): BridgeThread {
  if (bridge === undefined || bridge.hasEnded) bridge = new BridgeThread();
  return bridge;
}
