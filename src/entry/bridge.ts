// The program of the bridge: a worker thread in which asynchronous work is done for a thread that blocks meanwhile.

import { setInterval } from 'node:timers';
import { parentPort, workerData, type MessagePort, type Transferable } from 'node:worker_threads';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { toTransferable } from '../errors/transfer.js';
import { BridgeCells } from './bridge-cells.js';
import type { BridgeReply, BridgeRequest, BridgeStart, NewLane } from './bridge-messages.js';
import { BRIDGE_SERVICES } from './bridge-services.js';
import { markEntryStarted } from './loading-module.js';
import { fromShared } from './shared-clock.js';

/** Hardly ever: its only purpose is that the loop of this thread never runs dry. */
const KEEP_ALIVE_MS = 2 ** 30;

const cells = new BridgeCells((workerData as BridgeStart).hardstop.cells);

cells.begin();
markEntryStarted();
process.on('exit', () => {
  cells.exit();
});
parentPort?.on('message', ({ lane }: NewLane) => {
  openLane(lane);
});
setInterval(() => undefined, KEEP_ALIVE_MS);

/** Serves the calls of one lane: at most one of them is waited for, the others have been given up. */
function openLane(port: MessagePort): void {
  const stops = new Map<number, (hardDeadline: number) => void>();
  port.on('message', (message: BridgeRequest | null) => {
    // The caller's question whether this end of the channel is there needs no answer.
    if (message === null) return;
    if (message.kind === 'stop') {
      stops.get(message.id)?.(fromShared(message.hardDeadline));
      return;
    }
    void serve(port, message, stops);
  });
}

async function serve(
  port: MessagePort,
  { id, service, request }: BridgeRequest & { readonly kind: 'call' },
  stops: Map<number, (hardDeadline: number) => void>,
): Promise<void> {
  let listener: ((hardDeadline: number) => void) | undefined;
  let hardDeadline = Infinity;
  stops.set(id, (instant) => {
    hardDeadline = Math.min(hardDeadline, instant);
    listener?.(hardDeadline);
  });
  try {
    const value = await BRIDGE_SERVICES[service](request, {
      emit: (event, transfer) => {
        if (stops.has(id)) post(port, { kind: 'event', id, event }, transfer);
      },
      onStop: (stop) => {
        listener = stop;
        if (hardDeadline !== Infinity) stop(hardDeadline);
      },
    });
    stops.delete(id);
    post(port, { kind: 'returned', id, value });
  } catch (error) {
    stops.delete(id);
    post(port, { kind: 'threw', id, error: toTransferable(error) });
  }
}

/** Throws `NotTransferableError` for what cannot be sent. */
function post(port: MessagePort, reply: BridgeReply, transfer: readonly Transferable[] = []): void {
  try {
    port.postMessage(reply, transfer);
  } catch (cause) {
    throw new NotTransferableError(
      `What a task has sent cannot be passed on: ${(cause as Error).message}`,
      { cause },
    );
  }
  cells.post();
}
