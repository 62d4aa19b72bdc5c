// Runs the tasks of a worker or process, one at a time, each under a scope with its caller's deadlines.

import { setImmediate } from 'node:timers';
import { types } from 'node:util';
import { now } from '../clock.js';
import { asyncNow } from '../core/async-clock.js';
import { executeAsync } from '../core/async-execution.js';
import { failureOrder, tell } from '../core/async-node.js';
import type { CallStack } from '../core/call-stack.js';
import { followDeadline, moveDeadline } from '../core/deadline-change.js';
import { arm } from '../core/expiry.js';
import { isPromiseLike } from '../core/promise-result.js';
import { RunNode } from '../core/run-node.js';
import type { FollowedLimits, Scope } from '../core/scope.js';
import { scopeOf, Timeout } from '../core/timeout.js';
import { isGenerator } from '../core/yielded.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { isTimeoutError, type TimeoutError } from '../errors/timeout-error.js';
import { toTransferable } from '../errors/transfer.js';
import { isCleanCut } from './clean-cut.js';
import { CpuLimit } from './cpu-limit.js';
import { isIdle } from './idle-resources.js';
import type { MovedLimits, MovedTo } from './moved-limits.js';
import { explainMissingVariable, loadTask, readyTask, type TaskFunction } from './load-task.js';
import { setTaskMessenger, type TaskMessenger } from './task-messages.js';
import type { TaskOutcome, TaskReply, TaskRequest } from './task-request.js';
import type { TransferableTask } from './worker-messages.js';
import { fromShared, toShared } from './shared-clock.js';
import { sharedNow } from './worker-cells.js';
import { uninterrupted } from '../strategy/uninterrupted.js';

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
interface ServedCall {
  readonly request: TaskRequest;
  readonly cpu: CpuLimit | undefined;
  readonly progress: TaskProgress | undefined;
  readonly moved: MovedLimits | undefined;
  /** The scope of what runs at present: the loading of the task, then the task. */
  scope: Scope | undefined;
  /** The owner has asked it to stop: what it was told. */
  asked: Error | undefined;
  /** A stop has cut code that is not the task's own. */
  isTorn: boolean;
}

let served: ServedCall | undefined;

/** More than the rounding of an instant costs that is converted between the scales of two threads, ms. */
const CONVERSION_MS = 1e-4;

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
  if (served !== undefined) throw new InvalidStateError('A task is running here already');
  const { id, cpuTimeout } = request;
  const cpu = cpuTimeout === Infinity ? undefined : new CpuLimit(cpuTimeout);
  const call: ServedCall = {
    request,
    cpu,
    progress,
    moved,
    scope: undefined,
    asked: undefined,
    isTorn: false,
  };
  served = call;
  setTaskMessenger(messenger);
  const outcome = await outcomeOf(call);
  call.cpu?.stopWatching();
  progress?.onReplyMade?.();
  // One turn later: microtasks and ticks that the task has queued belong to it, and so does an unhandled rejection,
  // which would otherwise hit whichever task came next.
  await nextTurn();
  setTaskMessenger(undefined);
  served = undefined;
  const isOver = outcome.kind !== 'stopped' || outcome.stopped;
  return { ...outcome, id, reusable: isOver && !call.isTorn && isIdle() };
}

/**
 * The owner asks the task of that request to stop: the soft stop now, and what does not settle by `hardDeadline` is given
 * up. Called again, or after the deadline, an earlier `hardDeadline` counts.
 */
export function stopTask(id: number, hardDeadline: number): void {
  const node = runningNode(id);
  if (served === undefined || node === undefined) return;
  const hardAt = fromShared(hardDeadline);
  if (node.order !== undefined) {
    if (!(hardAt < node.order.hardAt)) return;
    node.deadline = hardAt;
    arm(node);
    return;
  }
  served.asked ??= new DOMException('The task was asked to stop', 'AbortError');
  tell(node, failureOrder({ error: served.asked }, Math.max(0, hardAt - asyncNow()), node));
}

/** The owner of the task of that request has moved its deadlines, which the task's scope takes over. */
export function followTaskDeadlines(id: number): void {
  runningNode(id)?.scope.followed?.refresh();
}

/** Moves the deadlines of the task of that request, `interruptAt` as in the request. What has passed already stays. */
export function moveTaskDeadlines(
  id: number,
  deadline: number,
  hardDeadline: number,
  interruptAt?: number,
): void {
  const scope = runningNode(id)?.scope;
  if (scope === undefined) return;
  scope.settings = { ...scope.settings, grace: graceOf(deadline, hardDeadline) };
  if (interruptAt !== undefined) scope.interruptAt = fromShared(interruptAt);
  try {
    moveDeadline(scope, fromShared(deadline));
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error;
  }
}

/** The reply in place of one that cannot be sent to the owner. */
export function unsendable(reply: TaskReply, cause: unknown): TaskReply {
  const why = cause instanceof Error ? cause.message : String(cause);
  const error = new NotTransferableError(
    `The result of the task cannot be sent to the caller: ${why}`,
    { cause },
  );
  const { id, endedAt, reusable } = reply;
  if (reply.kind === 'stopped') return { ...reply, late: undefined };
  return { kind: 'threw', error: toTransferable(error), id, endedAt, reusable };
}

/** Not an async function, nor are those that it calls without need: every promise has its price for a small task. */
function outcomeOf(call: ServedCall): TaskOutcome | Promise<TaskOutcome> {
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
  call: ServedCall,
  task: Exclude<TransferableTask, { readonly kind: 'source' }>,
): Promise<TaskOutcome> {
  // A scope of its own: the task itself is to begin in a part, where it can be interrupted.
  const loading = await runUnder(call, () => loadTask(task));
  return loading.kind === 'returned' ? runTask(call, loading.value as TaskFunction) : loading;
}

function runTask(call: ServedCall, work: TaskFunction): Promise<TaskOutcome> {
  const { cpu, request } = call;
  const begin = (): unknown => Reflect.apply(work, undefined, request.args);
  return runUnder(call, cpu === undefined ? begin : () => cpu.begin(begin));
}

async function runUnder(call: ServedCall, work: () => unknown): Promise<TaskOutcome> {
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
  let result: unknown;
  try {
    const keep = (): unknown => (result = work());
    const value = await executeAsync(scope, keep, serveTask, now(), NO_CALL_STACK);
    return { kind: 'returned', value, endedAt: endOf(scope) };
  } catch (error) {
    // One that does not obey has not ended.
    if (!isTimeoutError(error) || error.stopped) call.progress?.onEnd?.();
    const outcome = failed(call, scope, error);
    const mayBeInTime =
      moved === undefined && outcome.kind === 'stopped' && outcome.stage === 'late';
    return mayBeInTime ? await withLateValue(outcome, result) : outcome;
  }
}

/** What has not been told of a moved deadline cannot know whether a value has come too late: its owner does. */
async function withLateValue(outcome: StoppedOutcome, result: unknown): Promise<TaskOutcome> {
  if (types.isPromise(result)) return { ...outcome, late: { value: await result } };
  // Of these there is no value any more.
  if (isGenerator(result) || isPromiseLike(result)) return outcome;
  return { ...outcome, late: { value: result } };
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

/** What an error that ended the scope means: a stop, or an error of the task's. */
function failed(call: ServedCall, scope: Scope, error: unknown): TaskOutcome {
  const endedAt = endOf(scope);
  if (isTimeoutError(error)) {
    const isOwn = scope.state === 'timed_out' && error === scope.error;
    const isCpu = call.cpu?.isCauseOf(error) === true;
    if (isOwn || isCpu) {
      call.isTorn = isTorn(error);
      const { stage, cause } = error;
      return isOwn
        ? stopped('deadline', stage, error.stopped, cause, pastDeadline(scope, endedAt))
        : stopped('cpu', stage, error.stopped, cause, endedAt);
    }
  }
  const node = scope.node as RunNode;
  const order = node.order?.failure;
  if (order === undefined || order.error !== error) {
    return threw(explainMissingVariable(call.request.task, error), endedAt);
  }
  const isStopped = node.abandoned === 0;
  if (error === call.asked) {
    const stage = !isStopped ? 'abandoned' : node.coroutine === undefined ? 'signal' : 'yield';
    return stopped('asked', stage, isStopped, undefined, endedAt);
  }
  if (call.cpu?.isCauseOf(error) === true) {
    return stopped('cpu', isStopped ? 'signal' : 'abandoned', isStopped, undefined, endedAt);
  }
  const cut = node.order?.stuck;
  call.isTorn = cut !== undefined && !isCleanCut(cut, ownFile());
  return {
    ...stopped('raised', isStopped ? 'interrupt' : 'abandoned', isStopped, undefined, endedAt),
    raised: toTransferable(error),
  };
}

/** Where the engine could not be asked, nobody knows what was cut. */
function isTorn({ stage, cause }: TimeoutError): boolean {
  if (stage === 'terminate') return true;
  return stage === 'interrupt' && cause instanceof Error && !isCleanCut(cause, ownFile());
}

/** How this file is called in stacks, which name the sources where source maps are on. */
function ownFile(): string {
  const place = /^ {4}at .*?\(?([^\s()]+):\d+:\d+\)?$/m.exec(new Error().stack ?? '');
  return place?.[1] ?? import.meta.url;
}

type StoppedOutcome = Extract<TaskOutcome, { readonly kind: 'stopped' }>;

function stopped(
  reason: StoppedOutcome['reason'],
  stage: StoppedOutcome['stage'],
  isStopped: boolean,
  stuck: unknown,
  endedAt: number,
): StoppedOutcome {
  return {
    kind: 'stopped',
    reason,
    stage,
    stopped: isStopped,
    stuck: stuck instanceof Error ? toTransferable(stuck) : undefined,
    raised: undefined,
    endedAt,
  };
}

function threw(error: unknown, endedAt: number): TaskOutcome {
  return { kind: 'threw', error: toTransferable(error), endedAt };
}

function runningNode(id: number): RunNode | undefined {
  const node = served?.request.id === id ? served.scope?.node : undefined;
  return node instanceof RunNode && !node.isOver ? node : undefined;
}

function graceOf(deadline: number, hardDeadline: number): number {
  // Not the difference of two that are infinite.
  return hardDeadline > deadline ? hardDeadline - deadline : 0;
}

function endOf(scope: Scope): number {
  return Number.isNaN(scope.endedAt) ? sharedNow() : toShared(scope.endedAt);
}

/** An instant at which the deadline has passed on its owner's scale as well: between the two it may have lost a hair. */
function pastDeadline({ deadline }: Scope, endedAt: number): number {
  return Math.max(endedAt, toShared(deadline) + CONVERSION_MS);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
