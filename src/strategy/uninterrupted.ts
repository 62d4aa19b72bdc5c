import { nativeDepth, runShielded } from './native-strategy.js';

/**
 * Does something that must be done whole, where a hard stop of the scopes on the stack could cut it anywhere: queues and
 * links that outlive the stack have no second chance, and Node's own code that makes threads, ports and messages does not
 * bear it. What strikes meanwhile does so right after it. A `node:vm` timeout around cannot be held off.
 */
export function uninterrupted<T>(work: () => T): T {
  return nativeDepth() === 0 ? work() : (runShielded(work) as T);
}
