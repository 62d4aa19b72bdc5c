import { toTransferable } from '../../errors/transfer.js';
import { raiseInOutermost } from '../native-strategy.js';

let bytes: Buffer | undefined;

/**
 * Ends what the task of a worker of ours runs without a break, all the scopes that it has opened included. Nothing happens
 * where it waits, or without the addon.
 */
export function raiseInTask(threadId: number): void {
  if (bytes === undefined) {
    // Loaded here, because it takes 1 to 2 ms and is needed here alone.
    const { serialize } = process.getBuiltinModule('node:v8');
    bytes = serialize(toTransferable(new DOMException('The task was asked to stop', 'AbortError')));
  }
  raiseInOutermost(threadId, bytes);
}
