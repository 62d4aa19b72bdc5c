import { now } from '../clock.js';
import { fromTransferable, type TransferableError } from '../errors/transfer.js';
import {
  NOTHING_STRUCK,
  RaiseResult,
  SharedWord,
  StopKind,
  type NativeAlarm,
  type NativeDescription,
  type NativeFunctions,
  type NativeTreeEnds,
  type OnTreeEndOver,
} from '../native/binding.js';
import { loadAddon } from '../native/load.js';
import { STOPPED, type InThreadWork, type Stop, type Strategy } from './strategy.js';
import { ownThreadId } from './thread-id.js';

const words = new Int32Array(SharedWord.count);
const instants = new Float64Array(words.buffer);
words[SharedWord.struckDepth] = NOTHING_STRUCK;

// Set up when this module is loaded, not at the first run: other threads may want to raise an error here.
const setUp = setUpThread();
const functions: NativeFunctions | undefined = setUp.functions;

/** Why there is no native strategy here; `undefined` where there is one. */
export const nativeRefusal: Error | undefined = setUp.refusal;

/** The addon's file; `undefined` where there is no native strategy. */
export const addonPath: string | undefined = setUp.path;

/**
 * Stops work in this thread by interrupting the engine: the watchdog's thread requests an interrupt at the deadline,
 * which tells where the work is stuck and unwinds it.
 */
export const nativeStrategy: Strategy<InThreadWork, unknown> = {
  name: 'native',
  run(work, argument, deadline, _hardDeadline, _enclosingDeadline, cpuTimeout, grace = 0) {
    const native = functions as NativeFunctions;
    try {
      return grace === 0 && cpuTimeout === Infinity
        ? native.run(work, argument, deadline)
        : native.runWithin(work, argument, deadline, grace, cpuTimeout);
    } catch (error) {
      return stoppedBySignal(error) ? STOPPED : rethrow(error);
    }
  },
  lastStop() {
    const native = functions as NativeFunctions;
    const kind = words[SharedWord.stopKind] as number;
    const stage = STAGES[kind] ?? 'interrupt';
    const endedAt = nativeEndedAt();
    const stuck = native.takeStuck() ?? interruptedCall;
    interruptedCall = undefined;
    if (kind !== StopKind.raised) return describe('timeout', stage, endedAt, stuck, undefined);
    const bytes = native.takeRaised();
    return describe(
      'raised',
      stage,
      endedAt,
      stuck,
      bytes === undefined ? undefined : receive(bytes),
    );
  },
};

function describe(
  reason: Stop['reason'],
  stage: Stop['stage'],
  endedAt: number,
  stuck: Error | undefined,
  raised: unknown,
): Stop {
  return { reason, stage, stopped: true, endedAt, stuck, raised };
}

const STAGES: readonly (Stop['stage'] | undefined)[] = ['late', 'interrupt', 'terminate'];

/** How many native frames are live in this thread. */
export function nativeDepth(): number {
  return words[SharedWord.depth] as number;
}

/** Depth of the outermost live native frame whose deadline has struck, or a number beyond all depths. */
export function struckDepth(): number {
  return words[SharedWord.struckDepth] as number;
}

/** When the native frame that ended last did, ms on the `performance.now()` scale. */
export function nativeEndedAt(): number {
  return instants[SharedWord.endedAt / 2] as number;
}

/** Moves the deadline of a live frame. `false`: it has struck already. */
export function rescheduleFrame(depth: number, deadline: number, grace: number): boolean {
  const isMoved = (functions as NativeFunctions).reschedule(depth, deadline, grace);
  // Where it was not, nobody has taken it.
  words[SharedWord.follows] = 0;
  return isMoved;
}

/**
 * Says of the frame that is entered or moved next that another thread may move some of its limits; the arguments are the
 * others.
 */
export function followInNextFrame(deadline: number, hardDeadline: number): void {
  words[SharedWord.follows] = 1;
  instants[SharedWord.othersSoft / 2] = deadline;
  instants[SharedWord.othersHard / 2] = hardDeadline;
}

/**
 * Has the place of a stop be the very place where the work was unwound, in all frames that are entered from now on. Else it
 * may be where the work was some 60 µs before its deadline, so that the stop need not wait for its stack.
 */
export function relyOnPlaces(): void {
  words[SharedWord.exactPlace] = 1;
}

/** Moves what the frames of a thread follow. `false`, and nothing is moved: one of them has struck already. */
export function moveFollowed(
  targetThreadId: number,
  deadline: number,
  hardDeadline: number,
): boolean {
  return functions?.moveFollowed(targetThreadId, deadline, hardDeadline) ?? true;
}

/** Drops the limits of a live frame. */
export function cancelFrame(depth: number): void {
  (functions as NativeFunctions).cancel(depth);
}

/**
 * Calls `work` with the frames that are live now held off. The addon closes the shield, so that it ends with `work`
 * however that is unwound.
 */
export function runShielded(work: () => unknown): unknown {
  // Without the addon there is no frame to hold off.
  return functions === undefined ? work() : functions.shield(work);
}

/** How many shields are open in this thread. */
export function openShields(): number {
  return words[SharedWord.shields] as number;
}

/** Ends a live frame of this thread, from inside it: does not return when it could. */
export function raiseInFrame(depth: number): void {
  (functions as NativeFunctions).raise(ownThreadId(), depth, undefined);
}

/** Sends a serialised error to the innermost frame of a thread; one of `RaiseResult`. */
export function raiseInThread(targetThreadId: number, bytes: Uint8Array): number {
  return functions === undefined
    ? RaiseResult.unknownThread
    : functions.raise(targetThreadId, 0, bytes);
}

/** Sends a serialised error to the outermost frame of a thread; one of `RaiseResult`. */
export function raiseInOutermost(targetThreadId: number, bytes: Uint8Array): number {
  return functions === undefined
    ? RaiseResult.unknownThread
    : functions.raise(targetThreadId, 1, bytes);
}

/** Something that calls `ring` on this thread's event loop; `undefined` without the addon. */
export function makeNativeAlarm(
  ring: (stuck: Error | undefined) => void,
  wanted: Float64Array,
): NativeAlarm | undefined {
  return functions?.makeAlarm(ring, wanted);
}

/** What ends process trees from a thread of its own; `undefined` without the addon, or where processes cannot be listed. */
export function openNativeTreeEnds(onOver: OnTreeEndOver): NativeTreeEnds | undefined {
  return functions?.openTreeEnds(onOver);
}

/** The CPU time that this thread has used, ms; `undefined` without the addon. */
export function threadCpuTime(): number | undefined {
  return functions?.cpuTime();
}

/** What the addon says is at work; `undefined` without it. */
export function describeNative(): NativeDescription | undefined {
  return functions?.describe();
}

// A blocking read that our signal woke fails with EINTR, and the error can leave the work before the engine has taken
// the interrupt. It is the stop, not an error of the work's; its stack shows where that was stuck.
let interruptedCall: Error | undefined;

function stoppedBySignal(error: unknown): boolean {
  if (words[SharedWord.kicked] !== 1 || !(error instanceof Error)) return false;
  if ((error as NodeJS.ErrnoException).code !== 'EINTR') return false;
  interruptedCall = error;
  return true;
}

function rethrow(error: unknown): never {
  throw error;
}

function receive(bytes: ArrayBuffer): unknown {
  // Loaded here, because it takes 1 to 2 ms and is needed here alone.
  const { deserialize } = process.getBuiltinModule('node:v8');
  return fromTransferable(deserialize(new Uint8Array(bytes)) as TransferableError);
}

function setUpThread(): {
  readonly functions: NativeFunctions | undefined;
  readonly refusal?: Error;
  readonly path?: string;
} {
  const loaded = loadAddon();
  if (loaded.addon === undefined) return { functions: undefined, refusal: loaded.reason };
  const { addon } = loaded;
  const threadId = addon.isMainThread ? 0 : ownThreadId();
  const native = addon.setUp(threadId, words, STOPPED, makeEmptyFunction());
  if (!native?.start()) {
    return { functions: undefined, refusal: new Error('The system refused to start a thread') };
  }
  native.calibrateClock(now);
  return { functions: native, path: loaded.path };
}

/**
 * A function that does nothing but give the engine a chance to take what is pending: once to run our interrupt
 * callback, once more to take the termination that the callback requests. Both happen at the entry of a function.
 */
function makeEmptyFunction(): () => void {
  const entry = (): void => undefined;
  return () => {
    entry();
    entry();
    entry();
  };
}
