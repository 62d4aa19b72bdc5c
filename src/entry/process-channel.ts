import { NotTransferableError } from '../errors/not-transferable-error.js';
import type { ProcessOrder, ProcessReport } from './process-messages.js';

/** A process's end of the channel to its owner. */
export interface ProcessChannel {
  /** @throws what the serializer throws for what cannot be sent; nothing was sent then */
  send(report: ProcessReport): void;
  onOrder(listener: (order: ProcessOrder) => void): void;
  /** The owner has closed the channel, or is gone. */
  onClosed(listener: () => void): void;
}

/**
 * Takes the channel for us alone. A task's code that asks whether it has a parent to talk to (`if (process.send)`) finds
 * none: what it sent would be taken for ours.
 */
export function takeChannel(): ProcessChannel {
  const send = process.send?.bind(process);
  if (send === undefined) {
    throw new NotTransferableError('This program is started by hardstop, with a channel to it');
  }
  Reflect.deleteProperty(process, 'send');
  return {
    send(report) {
      // The callback: an owner that is gone is no error here, the channel's end tells.
      send(report, undefined, undefined, () => undefined);
    },
    onOrder(listener) {
      process.on('message', listener);
    },
    onClosed(listener) {
      process.on('disconnect', listener);
    },
  };
}
