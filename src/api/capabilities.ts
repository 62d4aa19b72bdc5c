import { packageVersion } from '../version.js';
import { addonPath, describeNative, nativeRefusal } from '../strategy/native-strategy.js';
import type { NativeDescription } from '../native/binding.js';
import type { StrategyName } from '../strategy/strategy.js';
import { promptFlag } from '../prompt-flag.js';

/** Whether one strategy works here. */
export interface StrategyCapability {
  readonly available: boolean;
  /** Why it is not available, or what it can do less than the others. */
  readonly reason: string;
}

/** Whether a hard stop of a warm loop is prompt in this process. */
export interface PromptCapability {
  /** `true`: within about a millisecond; `false`: it can take some seconds. */
  readonly prompt: boolean;
  /** What makes it so: the addon's cure, an engine flag, an engine that needs neither for usual code, or nothing. */
  readonly by: 'cure' | 'flag' | 'engine' | 'nothing';
  /** The same in words, with what can be done about it. */
  readonly reason: string;
}

/** What works in this process, which does not, and why. */
export interface Capabilities {
  readonly strategies: Readonly<Record<StrategyName, StrategyCapability>>;
  /** What `runSync` takes when it is not told. */
  readonly automatic: StrategyName;
  readonly prompt: PromptCapability;
  /** Step of the clock that decides deadlines, ms; and of the shortest limit that the automatic strategy can keep, ms. */
  readonly resolution: { readonly clockMs: number; readonly timerMs: number };
  /** The loaded addon; `undefined` without one. */
  readonly addon: { readonly path: string; readonly version: string } | undefined;
  /** The signal that wakes a thread from a blocking read; 0: none. */
  readonly signalNumber: number;
  /** Whether the watchdog waits for the very end of a deadline by spinning (`HARDSTOP_SPIN`, more than one core). */
  readonly spins: boolean;
}

/**
 * Tells which strategies work here, which do not and why, and whether hard stops are prompt.
 *
 * @returns a description of this thread's process that does not change afterwards
 */
export function capabilities(): Capabilities {
  const native = describeNative();
  return {
    strategies: {
      native: {
        available: native !== undefined,
        reason: nativeRefusal?.message ?? 'the addon is loaded',
      },
      vm: {
        available: true,
        reason:
          'whole milliseconds; cannot move a running deadline, nor tell where the work was stuck',
      },
      worker: permitted('worker') ?? {
        available: true,
        reason:
          native === undefined
            ? 'for tasks: `runInWorker`, `runInWorkerSync`; without the addon a stop costs the worker'
            : 'for tasks: `runInWorker`, `runInWorkerSync`; a loop is interrupted, and its worker lives on',
      },
      process: permitted('child') ?? {
        available: true,
        reason:
          native === undefined
            ? 'for tasks and commands; without the addon kills are sent by the event loop, and late while that is blocked'
            : 'for tasks and commands: `runInProcess`, `runCommand`; kills are sent by a thread of their own',
      },
      cooperative: {
        available: true,
        reason:
          native === undefined
            ? 'for asynchronous work: `run`; without the addon a loop between two suspensions is not stopped'
            : 'for asynchronous work: `run`; a loop in its first part or in a step of a coroutine is stopped natively',
      },
    },
    automatic: native === undefined ? 'vm' : 'native',
    prompt: describePrompt(native),
    resolution: { clockMs: 1e-6, timerMs: native === undefined ? 1 : 1e-6 },
    addon:
      native === undefined || addonPath === undefined
        ? undefined
        : { path: addonPath, version: packageVersion() },
    signalNumber: native?.signalNumber ?? 0,
    spins: native?.spins ?? false,
  };
}

/** What Node's permission model keeps from this process, if it does. */
function permitted(scope: 'worker' | 'child'): StrategyCapability | undefined {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  if (permission?.has(scope) !== false) return undefined;
  const flag = scope === 'worker' ? '--allow-worker' : '--allow-child-process';
  return { available: false, reason: `Node's permission model forbids it without ${flag}` };
}

/** From this major version of V8 on, warm loops can be blind to interrupts whatever the size of their function. */
const FIRST_BLIND_V8 = 13;

function describePrompt(native: NativeDescription | undefined): PromptCapability {
  if (native?.unblindReady === true) {
    return {
      prompt: true,
      by: 'cure',
      reason:
        'the addon makes a blind loop look at its interrupts (HARDSTOP_UNBLIND=0 switches that off)',
    };
  }
  const cure = `the addon's cure is off: ${native?.unblindReason ?? 'there is no addon'}`;
  const flag = promptFlag();
  if (flag !== undefined) {
    const extent = flag.includes('maglev')
      ? 'nearly all hard stops of warm loops are prompt; a function that gets stuck while it is being optimised, or is over 60 KB of bytecode, is not'
      : 'hard stops of warm loops are prompt, but for functions over 60 KB of bytecode';
    return { prompt: true, by: 'flag', reason: `the engine runs with ${flag}: ${extent}; ${cure}` };
  }
  if (Number.parseInt(process.versions.v8, 10) < FIRST_BLIND_V8) {
    return {
      prompt: true,
      by: 'engine',
      reason: `this engine is blind only in functions over 60 KB of bytecode; ${cure}`,
    };
  }
  return {
    prompt: false,
    by: 'nothing',
    reason: `a warm function that is stuck in a loop without calls may be stopped some seconds late: ${cure}; import 'hardstop/prompt' first, or start Node with --import hardstop/prompt`,
  };
}
