import { nativeDepth, runShielded } from './native-strategy.js';

/**
 * Does something that must be done whole, where the hard stop of a scope around could cut it anywhere: Node's own code
 * that makes threads, ports and messages does not bear it, and what is entered in our books only afterwards would be
 * nobody's. What strikes meanwhile does so right after it.
 */
export function wholeStep<T>(work: () => T): T {
  return nativeDepth() === 0 ? work() : (runShielded(work) as T);
}
