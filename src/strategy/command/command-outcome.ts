import type { CommandEnd } from './command-end.js';
import type { CallOutcome } from '../isolation/host.js';

type Stopped = Extract<CallOutcome, { readonly kind: 'stopped' }>;

/** How late whoever ends trees may look and still be believed that a command had ended before its deadline, ms. */
const PUNCTUAL_MS = 5;

const JUST_BEFORE_MS = 0.001;

/** A command that had ended in time, although its deadline had passed when that was seen. */
interface EndedInTime {
  readonly kind: 'in time';
  readonly endedAt: number;
}

/**
 * Whether a command was stopped, or was too late. Its process may have ended in time while this thread was busy: who
 * ends the tree at the deadline has looked.
 *
 * @param deadline when it was to be stopped by the clock
 * @returns `undefined`: it has ended by itself, or by what is not its time
 */
export function commandOutcome(
  end: CommandEnd,
  deadline: number,
): Stopped | EndedInTime | undefined {
  const { tree, endedAt, hasExited } = end;
  if (end.failure !== undefined || end.isKilled || tree === undefined) return undefined;
  const isUntouched = tree.signalled.length === 0 && tree.survivors.length === 0;
  if (isUntouched && hasExited && tree.endedAt <= deadline + PUNCTUAL_MS) {
    return { kind: 'in time', endedAt: Math.min(endedAt, deadline - JUST_BEFORE_MS) };
  }
  const stopped = hasExited && tree.survivors.length === 0;
  const stage = !stopped
    ? 'abandoned'
    : tree.step === 'hard'
      ? 'kill'
      : tree.step === 'soft'
        ? 'signal'
        : 'late';
  return {
    kind: 'stopped',
    reason: 'deadline',
    stage,
    stopped,
    stuck: undefined,
    raised: undefined,
    endedAt,
  };
}
