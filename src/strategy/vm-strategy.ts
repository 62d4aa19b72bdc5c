import { closeTerminatingSession, inspectorIsAvailable } from './inspector-session.js';
import { STOPPED, type InThreadWork, type Stop, type Strategy } from './strategy.js';
import { captureContextFrame, restoreContextFrame } from './vm-context-frame.js';
import {
  awaitEnclosingTermination,
  BACKUP_DELAY,
  innermostRun,
  runThatEnforces,
  setInnermostRun,
  type LiveRun,
} from './vm-enclosing.js';
import { VmRun } from './vm-run.js';
import { now } from '../clock.js';
import { vmTick, vmTimeoutUntil } from './vm-timer.js';

export { awaitEnclosingTermination };

/**
 * Stops work in this thread with the `timeout` of node:vm, without an addon: whole milliseconds, rounded up, and a
 * thread of the system's for each run.
 *
 * Deadlines that fall into the same millisecond count as equal: the outermost of them owns the stop. Takes no
 * `cpuTimeout`, cannot move a deadline while the work runs, nor tell where the work was stuck.
 */
export const vmStrategy: Strategy<InThreadWork, unknown> = {
  name: 'vm',
  run(work, argument, deadline, hardDeadline, enclosingDeadline) {
    const outer = innermostRun(enclosingDeadline);
    const tick = vmTick(hardDeadline);
    const timers = outer?.timers ?? 0;
    // An inner timer that strikes together with an outer one, or after it, could only take the termination from it.
    const timeout =
      tick + slack(timers) < vmTick(enclosingDeadline) ? vmTimeoutUntil(tick) : undefined;
    if (timeout !== undefined) {
      const backup = inspectorIsAvailable() ? undefined : BACKUP_DELAY;
      const run = new VmRun(timeout, backup);
      setInnermostRun({ hardDeadline, outer, timed: run, timers: timers + 1 });
      return runUnderTimer(run, work, argument, { deadline, enclosingDeadline, outer });
    }
    // Without a timer of its own: there is no deadline, or one around it strikes first. In line, for the sake of the
    // stack that deep nesting takes.
    if (hardDeadline < enclosingDeadline) {
      setInnermostRun({ hardDeadline, outer, timed: runThatEnforces(enclosingDeadline), timers });
    }
    let result: unknown;
    try {
      result = work(argument as never);
    } finally {
      setInnermostRun(outer);
    }
    const endedAt = now();
    if (endedAt < deadline) return result;
    awaitEnclosingTermination(enclosingDeadline);
    lastStop = describe('late', endedAt);
    return STOPPED;
  },
  lastStop: () => lastStop,
};

interface Surroundings {
  readonly deadline: number;
  readonly enclosingDeadline: number;
  readonly outer: LiveRun | undefined;
}

let lastStop: Stop = describe('late', 0);

/** How many timers may be nested before milliseconds start to be lumped together. */
const EXACT_TIMERS = 16;

/**
 * How many milliseconds count as equal. Each timer takes 3 KB of the stack and a thread, so of very many that are nested
 * with ever earlier deadlines not every one gets its own.
 */
function slack(timers: number): number {
  return Math.max(0, timers - EXACT_TIMERS);
}

function runUnderTimer(
  run: VmRun,
  work: InThreadWork,
  argument: unknown,
  { deadline, enclosingDeadline, outer }: Surroundings,
): unknown {
  const frame = captureContextFrame();
  let struck = false;
  try {
    run.call(work, argument);
  } catch (error) {
    struck = true;
    if (run.workEnd === 'none' && !isVmTimeout(error)) throw error;
  } finally {
    setInnermostRun(outer);
  }
  const endedAt = now();
  if (struck) {
    if (run.workEnd === 'none') restoreContextFrame(frame);
    closeTerminatingSession();
    // With its own termination that of an enclosing run may have been ended, too.
    awaitEnclosingTermination(enclosingDeadline);
  }
  switch (run.workEnd) {
    case 'threw':
      throw run.result;
    case 'returned':
      if (run.returnedAt < deadline) return run.result;
      awaitEnclosingTermination(enclosingDeadline);
      lastStop = describe('late', run.returnedAt);
      return STOPPED;
    case 'none':
      lastStop = describe('terminate', endedAt);
      return STOPPED;
  }
}

/** Only of errors that did not come from the work. */
function isVmTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function describe(stage: 'late' | 'terminate', endedAt: number): Stop {
  return { reason: 'timeout', stage, stopped: true, endedAt, stuck: undefined, raised: undefined };
}
