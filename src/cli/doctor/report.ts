import { capabilities, runSync, StrategyUnavailableError, type Capabilities } from 'hardstop';
import { packageVersion } from '../../version.js';
import { describeMachine, type Machine } from '../machine.js';
import { measureClockStep } from './clock-step.js';
import { runSelfChecks, type SelfCheck } from './self-check.js';

/** All that `hardstop doctor` finds; what `--json` prints. */
export interface DoctorReport {
  readonly hardstop: string;
  readonly machine: Machine;
  readonly nodeFlags: readonly string[];
  /** The variables that change what hardstop does, as far as they are set. */
  readonly environment: Readonly<Record<string, string>>;
  readonly capabilities: Capabilities;
  /** Why there is no native strategy, the innermost reason last; empty where there is one. */
  readonly nativeErrors: readonly string[];
  /** Smallest step that was seen between two readings of the clock, ns. */
  readonly clockStepNs: number;
  readonly selfChecks: readonly SelfCheck[];
  /** Whether synchronous code can be stopped here, on time. */
  readonly ok: boolean;
}

const VARIABLES = [
  'HARDSTOP_DISABLE_NATIVE',
  'HARDSTOP_UNBLIND',
  'HARDSTOP_SIGNAL',
  'HARDSTOP_SPIN',
  'HARDSTOP_DEBUG',
  'NODE_OPTIONS',
];

/** Looks at this process, and stops two loops in it for real. */
export function examine(): DoctorReport {
  const selfChecks = runSelfChecks();
  return {
    hardstop: packageVersion(),
    machine: describeMachine(),
    nodeFlags: process.execArgv,
    environment: readEnvironment(),
    capabilities: capabilities(),
    nativeErrors: findNativeErrors(),
    clockStepNs: measureClockStep(),
    selfChecks,
    ok: selfChecks.every(({ passed }) => passed),
  };
}

function readEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    VARIABLES.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Asks for the native strategy by name: the refusal carries the whole chain of reasons. */
function findNativeErrors(): readonly string[] {
  try {
    runSync(() => undefined, { timeout: Infinity, strategy: 'native' });
    return [];
  } catch (error) {
    if (!(error instanceof StrategyUnavailableError)) throw error;
    return messagesOf(error.cause);
  }
}

function messagesOf(error: unknown): readonly string[] {
  return error instanceof Error ? [error.message, ...messagesOf(error.cause)] : [];
}
