import { closeTerminatingSession, inspectorIsAvailable } from './inspector-session.js';
import { STOPPED, type InThreadWork, type Stop, type Strategy } from './strategy.js';
import { captureContextFrame, restoreContextFrame } from './vm-context-frame.js';
import {
  awaitEnclosingTermination,
  BACKUP_DELAY,
  innermostRun,
  setInnermostRun,
} from './vm-enclosing.js';
import { VmRun } from './vm-run.js';
import { now, vmTick, vmTimeoutUntil } from './vm-timer.js';

export { awaitEnclosingTermination };

/**
 * Stops work in this thread with the `timeout` of node:vm, without an addon: whole milliseconds, rounded up, and a
 * thread of the system's for each run.
 *
 * Deadlines that fall into the same millisecond count as equal, so that the outermost of them owns the stop. Takes no
 * `cpuTimeout`, cannot move a deadline while the work runs, nor tell where the work was stuck.
 */
export const vmStrategy: Strategy<InThreadWork, unknown> = {
  name: 'vm',
  run(work, argument, deadline, hardDeadline, enclosingDeadline) {
    const tick = vmTick(hardDeadline);
    // An inner timer that strikes together with an outer one, or after it, could only take the termination from it.
    const timeout = tick < vmTick(enclosingDeadline) ? vmTimeoutUntil(tick) : undefined;
    return timeout === undefined
      ? runUnderEnclosing(work, argument, deadline, enclosingDeadline)
      : runUnderTimer(work, argument, deadline, hardDeadline, enclosingDeadline, timeout);
  },
  lastStop: () => lastStop,
};

let lastStop: Stop = describe('late', 0);

/** Without a timer of its own: there is no deadline, or one around it strikes first. */
function runUnderEnclosing(
  work: InThreadWork,
  argument: unknown,
  deadline: number,
  enclosingDeadline: number,
): unknown {
  const result = work(argument as never);
  const endedAt = now();
  if (endedAt < deadline) return result;
  awaitEnclosingTermination(enclosingDeadline);
  lastStop = describe('late', endedAt);
  return STOPPED;
}

function runUnderTimer(
  work: InThreadWork,
  argument: unknown,
  deadline: number,
  hardDeadline: number,
  enclosingDeadline: number,
  timeout: number,
): unknown {
  const frame = captureContextFrame();
  const outer = innermostRun(enclosingDeadline);
  const run = new VmRun(hardDeadline, outer);
  setInnermostRun(run);
  let struck = false;
  try {
    run.call(work, argument, timeout, inspectorIsAvailable() ? undefined : BACKUP_DELAY);
  } catch (error) {
    struck = true;
    if (run.workEnd === 'none' && !isVmTimeout(error)) {
      setInnermostRun(outer);
      throw error;
    }
  }
  const endedAt = now();
  setInnermostRun(outer);
  if (struck) {
    if (run.workEnd === 'none') restoreContextFrame(frame);
    closeTerminatingSession();
    awaitEnclosingTermination(enclosingDeadline);
  }
  switch (run.workEnd) {
    case 'threw':
      throw run.result;
    case 'returned':
      if (run.returnedAt < deadline) return run.result;
      if (!struck) awaitEnclosingTermination(enclosingDeadline);
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
