/** How long before force is used on its process a part without a break is interrupted, so that the process lives on, ms. */
const AHEAD_OF_FORCE_MS = 10;

/**
 * When a part of a task that runs without a break is interrupted in its process. Nothing in such a part can hear the soft
 * stop, so unless a grace was asked for it is not waited for. With no grace at all there is nothing but force.
 *
 * @param hasGrace whether the grace was asked for, rather than taken from the default
 * @returns `undefined`: at the hard deadline, should there be one later
 */
export function interruptInstant(
  deadline: number,
  hardDeadline: number,
  hasGrace: boolean,
): number | undefined {
  if (deadline === Infinity) return hasGrace ? undefined : Infinity;
  if (!(hardDeadline > deadline)) return Infinity;
  return hasGrace ? Math.max(deadline, hardDeadline - AHEAD_OF_FORCE_MS) : deadline;
}
