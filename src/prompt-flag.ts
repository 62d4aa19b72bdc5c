/**
 * A loop is blind while its function is being compiled by another thread. Without Maglev that happens once, late, instead
 * of early and often. Of the flags that can be set while the process runs it is the only one that helps.
 */
const FLAG = '--no-maglev';

/**
 * The flags that help, as V8 spells them on the command line. The last two, which make the main thread compile, help in
 * every case, but only there: V8 has decided who compiles before any of our code runs.
 */
const SPELLINGS = /^--(?:no[-_]?maglev|no[-_]?concurrent[-_]recompilation|single[-_]threaded)$/;

/** The flags of V8 hold for the process; this entry, which new workers inherit, tells them. */
const KEY = 'hardstop/prompt';

/**
 * Makes hard stops prompt for functions that are not warm yet, in all threads. May be called again. Where V8 is not the
 * engine, or does not take flags, nothing happens.
 */
export function setPromptFlags(): void {
  if (promptFlag() !== undefined || process.versions.bun !== undefined) return;
  try {
    process.getBuiltinModule('node:v8').setFlagsFromString(FLAG);
  } catch {
    // An engine that only looks like V8. promptFlag() goes on saying that no flag is set.
    return;
  }
  process.getBuiltinModule('node:worker_threads').setEnvironmentData(KEY, FLAG);
}

/** The engine flag that makes hard stops prompt in this process, if one is set. */
export function promptFlag(): string | undefined {
  const set = process.getBuiltinModule('node:worker_threads').getEnvironmentData(KEY);
  if (typeof set === 'string') return set;
  return process.execArgv.find((argument) => SPELLINGS.test(argument));
}
