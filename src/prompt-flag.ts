import { setFlagsFromString } from 'node:v8';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/**
 * Without Maglev, functions go from the baseline compiler to the optimising one as they did before it, and while they
 * do, their loops keep looking at interrupts. Of the flags tried it is the only one that helps; see docs/strategies.md.
 */
const FLAG = '--no-maglev';

/** V8 takes underscores for dashes and no dash after "no". */
const SPELLINGS = /^--no[-_]?maglev$/;

/** The flags of V8 hold for the process; this entry, which new workers inherit, tells them. */
const KEY = 'hardstop/prompt';

/**
 * Makes hard stops prompt for functions that are not warm yet, in all threads. May be called again. Where V8 is not the
 * engine, or does not take flags, nothing happens.
 */
export function setPromptFlags(): void {
  if (promptFlag() !== undefined || process.versions.bun !== undefined) return;
  try {
    setFlagsFromString(FLAG);
  } catch {
    // An engine that only looks like V8. promptFlag() goes on saying that no flag is set.
    return;
  }
  setEnvironmentData(KEY, FLAG);
}

/** The engine flag that makes hard stops prompt in this process, if one is set. */
export function promptFlag(): string | undefined {
  const set = getEnvironmentData(KEY);
  if (typeof set === 'string') return set;
  return process.execArgv.find((argument) => SPELLINGS.test(argument));
}
