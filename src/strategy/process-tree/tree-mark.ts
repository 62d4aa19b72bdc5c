import { threadId } from 'node:worker_threads';

/** The variable that marks are in: each one that encloses a process, outermost first, each followed by `;`. */
const VARIABLE = 'HARDSTOP_TREE';

// Neither the process id alone (it is used again) nor the time alone tells threads and processes apart. A capital letter
// begins it and a semicolon follows it, neither of which a number of base 36 has: no mark is a part of another.
const prefix = ['T' + base36(process.pid), base36(process.hrtime.bigint()), base36(threadId)].join(
  '.',
);
/** What the marks that this thread gives begin with, and no others; a number follows. */
export const markPrefix: string = `${prefix}.`;
let count = 0;

/** What a process is started with, so that its descendants are found wherever they have gone. */
export interface TreeMark {
  readonly mark: string;
  /** The environment to start it with. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A mark that no other tree has or will have. Trees nest: who ends an outer one finds the inner ones by it too.
 *
 * @param env - the environment that it is added to a copy of.
 */
export function newTreeMark(env: NodeJS.ProcessEnv = process.env): TreeMark {
  const mark = markPrefix + String((count += 1));
  return { mark, env: { ...env, [VARIABLE]: `${env[VARIABLE] ?? ''}${mark};` } };
}

/** Where a mark of this thread stands in the order in which they are given: from 1. */
export function markNumber(mark: string): number {
  return Number(mark.slice(markPrefix.length));
}

/** How a mark stands in the environment of a process. */
export function markInEnvironment(mark: string): string {
  return `${mark};`;
}

/** How many trees enclose a process with that environment. */
export function treeDepth(env: NodeJS.ProcessEnv): number {
  return (env[VARIABLE]?.split(';').length ?? 1) - 1;
}

function base36(value: number | bigint): string {
  return value.toString(36);
}
