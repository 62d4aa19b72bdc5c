// A TimeoutError takes its stack from the call site, in a second step. The stack that every Error takes when it is made
// would cost as much again, at the one time when it counts, so it is switched off for that moment.

let suspendedLimit: number | undefined;

/** Lets errors be made without a stack, or a short one; to be followed by {@link resumeStackTraces} at once. */
export function suspendStackTraces(frames: number = 0): void {
  resumeStackTraces();
  const limit: unknown = Error.stackTraceLimit;
  if (typeof limit !== 'number' || limit <= frames) return;
  suspendedLimit = limit;
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // Somebody has frozen it: then there are two stacks.
    suspendedLimit = undefined;
  }
}

/**
 * Puts the limit back. The hard stop of a scope around can strike between the two, so the end of every stop and the
 * start of every run call this as well.
 */
export function resumeStackTraces(): void {
  if (suspendedLimit === undefined) return;
  const limit = suspendedLimit;
  suspendedLimit = undefined;
  Error.stackTraceLimit = limit;
}
