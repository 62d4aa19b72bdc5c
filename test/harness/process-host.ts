// Hosts that are processes, as tests of the unbundled modules use them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { functionSource } from '#internal/strategy/function-source.js';
import type {
  CallOutcome,
  Host,
  HostOptions,
  TaskCall,
} from '#internal/strategy/isolation/host.js';
import { interruptInstant } from '#internal/strategy/process/interrupt-instant.js';
import { processHostKind } from '#internal/strategy/process/process-host.js';
import { waitForCondition } from './wait-for.js';

/** A limit that no busy machine can use up, ms. */
export const AMPLE = 60_000;

/** Starts a host that is ended with the test. */
export async function startHost(
  t: ExecutionContext,
  options: Partial<HostOptions> = {},
): Promise<Host> {
  const host = processHostKind.start({
    resourceLimits: undefined,
    initializer: undefined,
    ...options,
  });
  t.teardown(() => host.terminate());
  host.ref();
  await host.ready;
  return host;
}

export interface CallOptions extends Partial<TaskCall> {
  readonly timeout?: number;
  readonly grace?: number;
  /** Whether parts without a break have the grace, too; by default if it is given. */
  readonly hasGrace?: boolean;
}

/** One call of a function, which must be self-contained. */
export function callOf(work: (...args: never[]) => unknown, options: CallOptions = {}): TaskCall {
  const { timeout = Infinity, grace, hasGrace = grace !== undefined, ...rest } = options;
  const deadline = performance.now() + timeout;
  const hardDeadline = deadline + (grace ?? AMPLE);
  return {
    task: functionSource(work),
    args: [],
    transfer: undefined,
    deadline,
    hardDeadline,
    interruptAt: interruptInstant(deadline, hardDeadline, hasGrace),
    cpuTimeout: Infinity,
    name: undefined,
    onMessage: undefined,
    ...rest,
  };
}

/** Runs one call to its end. */
export function runOn(
  host: Host,
  work: (...args: never[]) => unknown,
  options: CallOptions = {},
): Promise<CallOutcome> {
  return host.run(callOf(work, options)).outcome;
}

export type StoppedOutcome = Extract<CallOutcome, { readonly kind: 'stopped' }>;

/** Asserts that a call was stopped, and returns how. */
export function assertStopped(t: ExecutionContext, outcome: CallOutcome): StoppedOutcome {
  t.is(outcome.kind, 'stopped', JSON.stringify(outcome));
  return outcome as StoppedOutcome;
}

/**
 * A call that is stopped at that stage, and its host. On a crowded machine a process may take its call too late, or answer
 * too late: then once more, in another one.
 */
export async function stoppedAt(
  t: ExecutionContext,
  stage: StoppedOutcome['stage'],
  makeCall: () => TaskCall,
): Promise<{
  readonly host: Host;
  readonly call: TaskCall;
  readonly outcome: StoppedOutcome;
}> {
  for (let again = 0; ; again++) {
    const host = await startHost(t);
    const call = makeCall();
    const outcome = assertStopped(t, await host.run(call).outcome);
    if (outcome.stage === stage || again === 20) return { host, call, outcome };
    await host.terminate();
  }
}

/** Whether a process runs; a zombie has ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid) !== 'Z';
}

/** The children of a process that have ended and were not reaped. Linux only. */
export function zombiesOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = statOf(pid);
      return fields?.[0] === 'Z' && Number(fields[1]) === parent;
    });
}

/** Processes whose command line contains `text`. Linux only. */
export function processesLike(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

export async function waitForEnd(pid: number): Promise<void> {
  await waitForCondition(`process ${String(pid)} ends`, () => !isAlive(pid));
}

export const isLinux: boolean = existsSync('/proc/self/stat');

function stateOf(pid: number): string | undefined {
  return isLinux ? statOf(pid)?.[0] : undefined;
}

/** State, parent, … : what follows the name, which may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
