/**
 * The id of this thread. Asked when it is needed: in a main thread that starts no others, `node:worker_threads` is what
 * takes longest to load of all that the package uses.
 */
export function ownThreadId(): number {
  return process.getBuiltinModule('node:worker_threads').threadId;
}
