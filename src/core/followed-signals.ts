/** Somebody who waits for the abort of a signal. */
export interface SignalFollower {
  /** Called once, synchronously, when the signal aborts. What it throws becomes an uncaught exception. */
  onAbort(reason: unknown): void;
}

/** The one listener on a signal, and whom it tells. */
interface Following {
  /** In the order in which they came. */
  readonly followers: Set<SignalFollower>;
  readonly listener: () => void;
  /** The abort is here; whoever follows from now on until all are told is told as well. */
  isTelling: boolean;
}

// With a listener for each scope a long-lived signal would get slower with every scope that is pending, and each listener
// has its price: so a signal has one, from its first follower to its last. The keys are weak: nobody keeps a signal here.
const followings = new WeakMap<AbortSignal, Following>();

/**
 * Has `follower` told when the signal aborts, until {@link unfollow}. Does nothing if it follows already.
 *
 * @param signal also one of another realm or of a library's own making; one that has aborted already tells nobody, and
 *   whether it has is for the caller to ask
 */
export function follow(signal: AbortSignal, follower: SignalFollower): void {
  const present = followings.get(signal);
  if (present !== undefined) {
    present.followers.add(follower);
    return;
  }
  const listener = (): void => {
    // Not the listener of a following that was stopped by force before it was noted.
    if (followings.get(signal) === following) tellAll(signal, following);
  };
  const following: Following = { followers: new Set([follower]), listener, isTelling: false };
  // First the listener: one too many does nothing, followers without one would wait in vain.
  signal.addEventListener('abort', listener);
  followings.set(signal, following);
}

/** Has `follower` not told any more; nothing happens where it does not follow, or has been told. */
export function unfollow(signal: AbortSignal, follower: SignalFollower): void {
  const following = followings.get(signal);
  if (following === undefined) return;
  const { followers, isTelling } = following;
  if (followers.delete(follower) && followers.size === 0 && !isTelling) forget(signal, following);
}

function tellAll(signal: AbortSignal, following: Following): void {
  if (following.isTelling) return;
  following.isTelling = true;
  const { reason } = signal as { readonly reason: unknown };
  const { followers } = following;
  // The set may change under way: followers take themselves and others out.
  for (const follower of followers) {
    followers.delete(follower);
    try {
      follower.onAbort(reason);
    } catch (error) {
      // Not lost, and in nobody's way: neither the other followers' nor that of whoever aborted the signal.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
  forget(signal, following);
}

function forget(signal: AbortSignal, { listener }: Following): void {
  followings.delete(signal);
  signal.removeEventListener('abort', listener);
}
