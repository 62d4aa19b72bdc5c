// The typed mirror of native/addon.cc: what it exports, in its own order.
import type { CommandLineFunctions } from './command-binding.js';

/** Words of the memory that the addon shares with this thread (`SharedWord` in native/env_state.h). */
export const SharedWord: {
  readonly depth: 0;
  readonly struckDepth: 1;
  readonly kicked: 2;
  readonly stopKind: 3;
  readonly endedAt: 4;
  readonly shields: 6;
  readonly follows: 7;
  readonly othersSoft: 8;
  readonly othersHard: 10;
  readonly exactPlace: 12;
  readonly count: 14;
} = Object.freeze({
  /** How many native frames are live in this thread. */
  depth: 0,
  /** Depth of the outermost live frame whose soft deadline has struck, or `NOTHING_STRUCK`. */
  struckDepth: 1,
  /** 1 if the frame that ended last was sent a signal. */
  kicked: 2,
  /** How the run that has just handed back the sentinel ended: one of `StopKind`. */
  stopKind: 3,
  /** A double, two words long: when that was, ms on the `performance.now()` scale. */
  endedAt: 4,
  /** How many shields are open in all frames together. */
  shields: 6,
  /** Set here: 1 if the frame that is entered or moved next has limits that another thread may move. Taken by the addon. */
  follows: 7,
  /** Two doubles: its other limits, ms on the `performance.now()` scale. */
  othersSoft: 8,
  othersHard: 10,
  /** Set here: 1 if it is relied on where the work of frames was, that are entered from then on, when it was stopped. */
  exactPlace: 12,
  count: 14,
});
export const NOTHING_STRUCK: number = 0x7fff_ffff;

/** How a run ended that handed back the sentinel (`StopKind` in native/env_state.h). */
export const StopKind: {
  readonly late: 0;
  readonly interrupt: 1;
  readonly terminate: 2;
  readonly raised: 3;
} = Object.freeze({ late: 0, interrupt: 1, terminate: 2, raised: 3 });

/** What `raise` found (`RaiseResult` in native/frame_control.h). */
export const RaiseResult: {
  readonly unknownThread: -1;
  readonly noScope: 0;
  readonly delivered: 1;
} = Object.freeze({ unknownThread: -1, noScope: 0, delivered: 1 });

export interface NativeDescription {
  readonly unblindReady: boolean;
  readonly unblindReason?: string;
  /** 0: switched off. */
  readonly signalNumber: number;
  readonly spins: boolean;
}

/** Lives as long as its thread. */
export interface NativeAlarm {
  /** Replaces the request. */
  set(instant: number): void;
  /** Keeps the process alive, */
  hold(): void;
  /** and does so no longer: how it begins. */
  letGo(): void;
  /** Where the thread blocked its loop past the last instant; once. */
  takeStuck(): Error | undefined;
}

/** Which processes of a tree are meant (`TreeScope` in native/process/tree_members.h). */
export const TreeScope: { readonly tree: 0; readonly root: 1; readonly descendants: 2 } =
  Object.freeze({ tree: 0, root: 1, descendants: 2 });

/** The steps of an end, by number (`EndStep` in native/process/tree_end.h). */
export const TreeEndStep: readonly ('none' | 'soft' | 'hard' | undefined)[] = Object.freeze([
  'none',
  'soft',
  'hard',
] as const);

/** Called on this thread's event loop with each report of an end. `startedAt` is `Infinity` where nothing was sent. */
export type OnTreeEndOver = (
  id: number,
  step: number,
  root: number,
  startedAt: number,
  endedAt: number,
  signalled: readonly number[],
  survivors: readonly number[],
) => void;

/** Plans the ends of process trees, which the killer's thread carries out. What has no id any more is left alone. */
export interface NativeTreeEnds {
  /** The end's id; 0: refused. An empty `mark` is none. */
  plan(
    pid: number,
    mark: string,
    scope: number,
    deadline: number,
    grace: number,
    signal: number,
    once: boolean,
  ): number;
  reschedule(id: number, deadline: number): void;
  begin(id: number, grace: number): void;
  /** `true`: the end was dropped, and there will be no report. */
  rootEnded(id: number, sweep: boolean): boolean;
}

/** The functions of one thread. Instants are ms on the `performance.now()` scale; `Infinity` is none. */
export interface NativeFunctions {
  run(work: unknown, argument: unknown, deadline: number): unknown;
  runWithin(
    work: unknown,
    argument: unknown,
    deadline: number,
    grace: number,
    cpuTimeout: number,
  ): unknown;
  /** Where the run was that has just handed back the sentinel; once. */
  takeStuck(): Error | undefined;
  /** The serialised error that another thread raised to end that run; once. */
  takeRaised(): ArrayBuffer | undefined;
  /** `false`: that frame's deadline has struck already. */
  reschedule(depth: number, deadline: number, grace: number): boolean;
  /** Moves what frames of that thread follow. `false`, and nothing is moved: one of them has struck already. */
  moveFollowed(threadId: number, deadline: number, hardDeadline: number): boolean;
  cancel(depth: number): void;
  /** Calls `work` with a shield open in the innermost frame. */
  shield(work: () => unknown): unknown;
  /** Depth 0 is the innermost frame. */
  raise(threadId: number, depth: number, bytes: Uint8Array | undefined): number;
  /**
   * Something that calls `ring` on this thread's event loop. `wanted` is one element, the instant that is really waited
   * for, which the watchdog looks at when the loop does not answer.
   */
  makeAlarm(
    ring: (stuck: Error | undefined) => void,
    wanted: Float64Array,
  ): NativeAlarm | undefined;
  /** `undefined`: the system does not list its processes. */
  openTreeEnds(onOver: OnTreeEndOver): NativeTreeEnds | undefined;
  calibrateClock(now: () => number): void;
  /** What this thread has used, ms. */
  cpuTime(): number;
  /** `false`: the system has no thread to give. */
  start(): boolean;
  describe(): NativeDescription;
}

/** What the addon exports when it is loaded. */
export interface Addon {
  /** The V8 entry point that this runtime lacks; everything else is absent then. */
  readonly missing?: string;
  /** Whether it is known that this is the thread with the id 0. */
  readonly isMainThread: boolean;
  /** `undefined`: this platform has none of it. */
  commandLine(): CommandLineFunctions | undefined;
  setUp(
    threadId: number,
    words: Int32Array,
    sentinel: object,
    emptyFunction: () => void,
  ): NativeFunctions | undefined;
}
