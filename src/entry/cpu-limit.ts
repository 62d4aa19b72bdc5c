import { isMainThread } from 'node:worker_threads';
import { failureOrder, tell } from '../core/async-node.js';
import { scopeAround } from '../core/async-step.js';
import { execute } from '../core/execution.js';
import { RunNode } from '../core/run-node.js';
import type { Scope } from '../core/scope.js';
import { scopeOf, Timeout } from '../core/timeout.js';
import { threadCpuTime } from '../strategy/native-strategy.js';
import { selectStrategy } from '../strategy/select-strategy.js';

// As they are when this module is loaded, so that fake timers of a task cannot hold them up.
const { setTimeout, clearTimeout } = globalThis;

/** A limit on the CPU time of one task. */
export class CpuLimit {
  readonly #limit: number;
  readonly #timeout: Timeout;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #error: unknown;

  constructor(limit: number) {
    this.#limit = limit;
    this.#timeout = new Timeout(undefined, { cpuTimeout: limit });
  }

  /**
   * Begins the task: what it does without a break is stopped to the microsecond by the native strategy. If it hands back
   * a promise, its CPU time is looked at whenever the event loop turns.
   */
  begin(work: () => unknown): unknown {
    const { strategy } = selectStrategy('auto', true);
    this.#startedAt = usedCpu();
    const around = scopeAround();
    const scope = scopeOf(this.#timeout);
    // In a box: a promise is not to be taken for the result of synchronous work.
    const { result } = execute(
      scope,
      strategy,
      () => ({ result: work() }),
      undefined as never,
      CpuLimit.prototype.begin,
    ) as { readonly result: unknown };
    if (isThenable(result) && around !== undefined) this.#watch(around);
    return result;
  }

  /** Whether it was this limit that has ended the task. */
  isCauseOf(error: unknown): boolean {
    return error !== undefined && (error === scopeOf(this.#timeout).error || error === this.#error);
  }

  stopWatching(): void {
    clearTimeout(this.#timer);
  }

  #watch(scope: Scope): void {
    const left = this.#startedAt + this.#limit - usedCpu();
    if (left > 0) {
      // It cannot be used up before that much time has passed.
      this.#timer = setTimeout(() => {
        this.#watch(scope);
      }, left);
      this.#timer.unref();
      return;
    }
    const { node } = scope;
    if (!(node instanceof RunNode) || node.isOver || node.order !== undefined) return;
    this.#error = new DOMException('The CPU time of the task is used up', 'AbortError');
    tell(node, failureOrder({ error: this.#error }, scope.settings.grace, node));
  }
}

/** The CPU time that this thread, or a process that runs tasks, has burnt, ms. Without the addon there is no such limit. */
function usedCpu(): number {
  if (!isMainThread) return threadCpuTime() ?? 0;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  );
}
