import { RunNode } from '../core/run-node.js';
import type { Scope } from '../core/scope.js';
import type { CpuLimit } from './cpu-limit.js';
import type { MovedLimits } from './moved-limits.js';
import type { TaskRequest } from './task-request.js';

/** What the program of a host hears of a task that it serves. */
export interface TaskProgress {
  /** It was stopped or has thrown. Its reply is made now, which may take long: stacks are rendered for it. */
  onEnd?(): void;
  /**
   * Its reply is made, and it is looked next at what it has left running. What the program itself has going for this task is
   * to be gone after this, or would be taken for the task's.
   */
  onReplyMade?(): void;
}

/** The call that is being served. */
export interface ServedTask {
  readonly request: TaskRequest;
  readonly cpu: CpuLimit | undefined;
  readonly progress: TaskProgress | undefined;
  readonly moved: MovedLimits | undefined;
  /** The scope of what runs at present: the loading of the task, then the task. */
  scope: Scope | undefined;
  /** What runs has begun: a stop before that has cut nothing but code of ours, which bears it. */
  hasBegun: boolean;
  /** The owner has asked it to stop: what it was told. */
  asked: Error | undefined;
  /** A stop has cut code that is not the task's own. */
  isTorn: boolean;
  /** How the file of the program that serves it is called in stacks. */
  readonly programFile: () => string;
}

let served: ServedTask | undefined;

/** The call that is being served in this thread. */
export function servedTask(): ServedTask | undefined {
  return served;
}

/** There is one at a time. */
export function setServedTask(call: ServedTask | undefined): void {
  served = call;
}

/** The run of the task of that request, unless it has ended. */
export function runningNode(id: number): RunNode | undefined {
  const node = served?.request.id === id ? served.scope?.node : undefined;
  return node instanceof RunNode && !node.isOver ? node : undefined;
}

/** The grace between two instants on the scale that threads share. */
export function graceOf(deadline: number, hardDeadline: number): number {
  // Not the difference of two that are infinite.
  return hardDeadline > deadline ? hardDeadline - deadline : 0;
}
