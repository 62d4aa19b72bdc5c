/** A frame of Node's own JavaScript. */
const NODE_FRAME = /(?:\(|at (?:async )?)node:/;

/**
 * Whether a stop has cut nothing but the task's own code, so that the thread can serve another one. Node's functions are
 * not made to be left in the middle: a timer that is half entered in its list, or a module that is half loaded, hits
 * whoever comes next.
 *
 * @param stuck where the task was when it was cut; its stack ends in the program that serves tasks
 * @param program what the frames of that program have in them
 */
export function isCleanCut(stuck: Error, program: string): boolean {
  for (const line of (stuck.stack ?? '').split('\n')) {
    if (line.includes(program)) return true;
    if (NODE_FRAME.test(line)) return false;
  }
  return true;
}
