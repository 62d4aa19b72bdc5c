import type { Transferable } from 'node:worker_threads';

/** Sends a message of the running task to its caller. */
export type TaskMessenger = (message: unknown, transfer: readonly Transferable[]) => void;

// Set by the program of a worker or process while it runs a task. A leaf: the public function that uses it is loaded by
// the task's own module.
let messenger: TaskMessenger | undefined;

/** Has messages of the task that is about to run sent by `send`; `undefined`: it has ended. */
export function setTaskMessenger(send: TaskMessenger | undefined): void {
  messenger = send;
}

/** What sends messages to the caller of the running task; `undefined` outside of tasks. */
export function taskMessenger(): TaskMessenger | undefined {
  return messenger;
}
