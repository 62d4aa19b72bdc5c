// Runs the tasks of a worker or process, one at a time, each under a scope with its caller's deadlines.

import { setImmediate } from 'node:timers';
import { now } from '../clock.js';
import { executeAsync } from '../core/async-execution.js';
import type { CallStack } from '../core/call-stack.js';
import { followDeadline } from '../core/deadline-change.js';
import type { FollowedLimits } from '../core/reaching-limits.js';
import type { Scope } from '../core/scope.js';
import { scopeOf, Timeout } from '../core/timeout.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { isTimeoutError } from '../errors/timeout-error.js';
import { relyOnPlaces } from '../strategy/native-strategy.js';
import { uninterrupted } from '../strategy/uninterrupted.js';
import { CpuLimit } from './cpu-limit.js';
import { isIdle } from './idle-resources.js';
import { loadTask, readyTask, type TaskFunction } from './load-task.js';
import type { MovedLimits, MovedTo } from './moved-limits.js';
import {
  graceOf,
  servedTask,
  setServedTask,
  type ServedTask,
  type TaskProgress,
} from './served-task.js';
import { fromShared } from './shared-clock.js';
import { setTaskMessenger, type TaskMessenger } from './task-messages.js';
import { endOf, failed, stopped, threw, withLateValue } from './task-outcome.js';
import type { TaskOutcome, TaskReply, TaskRequest } from './task-request.js';
import { sharedNow } from './worker-cells.js';
import type { TransferableTask } from './worker-messages.js';

/** Above a task there is nothing but this program. */
const NO_CALL_STACK: CallStack = Object.freeze({});

/**
 * Runs a task to its end or its stop. What runs without a break is interrupted at the hard deadline, where the addon is
 * there, and the thread lives on; a promise is told by the scope's signal, and given up at the hard deadline.
 *
 * @param messenger sends what the task has to say to its caller while it runs
 * @param progress is told how far it is
 * @param moved where its owner tells that it has moved the deadlines
 * @returns settles one turn of the event loop after the task has; never rejects for what a task does
 */
export async function serveTask(
  request: TaskRequest,
  messenger?: TaskMessenger,
  progress?: TaskProgress,
  moved?: MovedLimits,
): Promise<TaskReply> {
  if (servedTask() !== undefined) throw new InvalidStateError('A task is running here already');
  const { id, cpuTimeout } = request;
  const cpu = cpuTimeout === Infinity ? undefined : new CpuLimit(cpuTimeout);
  // What a stop has cut decides whether this thread serves on.
  relyOnPlaces();
  const call: ServedTask = {
    request,
    cpu,
    progress,
    moved,
    scope: undefined,
    hasBegun: false,
    asked: undefined,
    isTorn: false,
    programFile: ownFile,
  };
  setServedTask(call);
  setTaskMessenger(messenger);
  const outcome = await outcomeOf(call);
  call.cpu?.stopWatching();
  progress?.onReplyMade?.();
  // One turn later: microtasks and ticks that the task has queued belong to it, and so does an unhandled rejection,
  // which would otherwise hit whichever task came next.
  await nextTurn();
  setTaskMessenger(undefined);
  setServedTask(undefined);
  const isOver = outcome.kind !== 'stopped' || outcome.stopped;
  return { ...outcome, id, reusable: isOver && !call.isTorn && isIdle() };
}

/** Not an async function, nor are those that it calls without need: every promise has its price for a small task. */
function outcomeOf(call: ServedTask): TaskOutcome | Promise<TaskOutcome> {
  const { task } = call.request;
  try {
    const work = readyTask(task);
    if (work !== undefined) return runTask(call, work);
    if (task.kind !== 'source') return loadAndRun(call, task);
    throw new InvalidStateError('A task that came as source is compiled at once');
  } catch (error) {
    return threw(error, sharedNow());
  }
}

async function loadAndRun(
  call: ServedTask,
  task: Exclude<TransferableTask, { readonly kind: 'source' }>,
): Promise<TaskOutcome> {
  // A scope of its own: the task itself is to begin in a part, where it can be interrupted.
  const loading = await runUnder(call, () => loadTask(task));
  return loading.kind === 'returned' ? runTask(call, loading.value as TaskFunction) : loading;
}

function runTask(call: ServedTask, work: TaskFunction): Promise<TaskOutcome> {
  const { cpu, request } = call;
  const begin = (): unknown => Reflect.apply(work, undefined, request.args);
  return runUnder(call, cpu === undefined ? begin : () => cpu.begin(begin));
}

async function runUnder(call: ServedTask, work: () => unknown): Promise<TaskOutcome> {
  const { request, moved } = call;
  const movedTo = moved?.movedSince(0, request.id);
  const limits = movedTo ?? request;
  const deadline = fromShared(limits.deadline);
  if (deadline <= now()) return stopped('deadline', 'refused', true, undefined, sharedNow());
  const timeout = new Timeout(undefined, {
    deadline,
    grace: graceOf(limits.deadline, limits.hardDeadline),
    name: request.name,
  });
  const scope = scopeOf(timeout);
  if (request.interruptAt !== undefined) {
    scope.interruptAt = fromShared(request.interruptAt);
  }
  if (moved !== undefined) scope.followed = follow(scope, moved, request.id, movedTo);
  call.scope = scope;
  call.hasBegun = false;
  let result: unknown;
  try {
    const keep = (): unknown => {
      call.hasBegun = true;
      return (result = work());
    };
    const value = await executeAsync(scope, keep, serveTask, now(), NO_CALL_STACK);
    return { kind: 'returned', value, endedAt: endOf(scope) };
  } catch (error) {
    // One that does not obey has not ended.
    if (!isTimeoutError(error) || error.stopped) call.progress?.onEnd?.();
    const outcome = failed(call, scope, error);
    // Only of the deadline, which may have been moved: the CPU limit has dropped the value.
    const mayBeInTime =
      moved === undefined &&
      outcome.kind === 'stopped' &&
      outcome.stage === 'late' &&
      outcome.reason === 'deadline';
    return mayBeInTime ? await withLateValue(outcome, result) : outcome;
  }
}

/** What was moved already is known. */
function follow(
  scope: Scope,
  moved: MovedLimits,
  id: number,
  known: MovedTo | undefined,
): FollowedLimits {
  let seen = known?.version ?? 0;
  return {
    refresh: () => {
      const movedTo = moved.movedSince(seen, id);
      if (movedTo === undefined) return false;
      seen = movedTo.version;
      const { deadline, hardDeadline } = movedTo;
      return uninterrupted(() =>
        followDeadline(scope, fromShared(deadline), graceOf(deadline, hardDeadline)),
      );
    },
  };
}

/** How this file is called in stacks, which name the sources where source maps are on. */
function ownFile(): string {
  const place = /^ {4}at .*?\(?([^\s()]+):\d+:\d+\)?$/m.exec(new Error().stack ?? '');
  return place?.[1] ?? import.meta.url;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
