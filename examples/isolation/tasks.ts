import { pbkdf2Sync } from 'node:crypto';
import { currentScope, sendMessage, timeoutable } from 'hardstop';

export function wordCount(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** One call that no thread can be stopped in. */
export function deriveKey(rounds: number): string {
  return pbkdf2Sync('secret', 'salt', rounds, 32, 'sha256').toString('hex');
}

export function search(limit: number): number {
  let best = 0;
  for (let n = 1; n <= limit; n++) {
    // The caller's deadline is this scope's: `finally` runs, unlike in a hard stop.
    currentScope()?.checkpoint();
    if (n % (limit / 4) === 0) sendMessage({ done: n / limit });
    best = Math.max(best, (n * 7919) % 10_007);
  }
  return best;
}

const SALT = 'salt';

/** Runs in a process, and uses what is around it: so it is exported. */
export const hash = timeoutable(
  (text: string, rounds: number) => pbkdf2Sync(text, SALT, rounds, 8, 'sha256').toString('hex'),
  { strategy: 'process', timeout: 10_000, grace: 0 },
);
