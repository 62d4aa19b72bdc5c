import type { Transferable } from 'node:worker_threads';
import { taskMessenger } from '../entry/task-messages.js';
import { InvalidStateError } from '../errors/invalid-state-error.js';

/**
 * Sends a message from inside a running task to its caller, whose `onMessage` is called with a copy: progress, partial
 * results. The order is kept; what has not arrived when the call ends is dropped.
 *
 * @param message anything that structured clone takes
 * @param transfer objects to move instead of copy; a process copies all the same
 * @throws InvalidStateError outside of a task
 * @throws a `DataCloneError` for a message that cannot be copied
 */
export function sendMessage(message: unknown, transfer: readonly Transferable[] = []): void {
  const send = taskMessenger();
  if (send === undefined) {
    throw new InvalidStateError('sendMessage() was called outside of a task: there is no caller');
  }
  send(message, transfer);
}
