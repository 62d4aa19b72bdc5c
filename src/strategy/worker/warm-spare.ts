import { setImmediate } from 'node:timers';
import type { ResourceLimits } from 'node:worker_threads';
import { WorkerThread } from './worker-thread.js';

/**
 * Keeps at most one idle worker of this thread, ready for the next task, so that only the first one pays for a start-up.
 */
export class WarmSpare {
  #thread: WorkerThread | undefined;
  #limits = '';
  // One at a time is enough: the spare is one.
  #isReplacementPlanned = false;

  /** Takes the spare if it lives and has these limits; otherwise starts a thread. The caller owns it from here on. */
  acquire(limits: ResourceLimits | undefined): WorkerThread {
    const thread = this.#thread;
    if (thread !== undefined && this.#limits === keyOf(limits)) {
      this.#thread = undefined;
      if (!thread.hasEnded) return thread;
    }
    return startThread(limits);
  }

  /** Makes sure that there is a living spare with these limits, ready or not, and returns it; it stays the spare. */
  prepare(limits: ResourceLimits | undefined): WorkerThread {
    const thread = this.acquire(limits);
    this.release(thread, limits);
    return thread;
  }

  /** Ends the spare. */
  discard(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  /** Gives back a thread that is idle and clean. It replaces a spare with other limits, which is less likely to fit. */
  release(thread: WorkerThread, limits: ResourceLimits | undefined): void {
    const key = keyOf(limits);
    if (this.#thread === undefined || this.#limits !== key) {
      this.#thread?.terminate();
      this.#thread = thread;
      this.#limits = key;
    } else {
      thread.terminate();
    }
  }

  /**
   * Starts a spare in place of a thread that was lost, in the next turn of the event loop: starting one takes about
   * half a millisecond of this thread, and whoever waits for a timeout waits already.
   */
  replaceSoon(limits: ResourceLimits | undefined): void {
    if (this.#isReplacementPlanned) return;
    this.#isReplacementPlanned = true;
    setImmediate(() => {
      this.#isReplacementPlanned = false;
      if (this.#thread !== undefined) return;
      try {
        this.release(startThread(limits), limits);
      } catch {
        // The next task will try again, and can report it.
      }
    }).unref();
  }
}

function startThread(resourceLimits: ResourceLimits | undefined): WorkerThread {
  return new WorkerThread({ resourceLimits, initializer: undefined });
}

function keyOf(limits: ResourceLimits | undefined): string {
  return limits === undefined ? '' : JSON.stringify(limits);
}
