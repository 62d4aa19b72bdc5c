import { constants } from 'node:os';

/** The largest signal that systems have: real-time signals end there. */
const LARGEST_SIGNAL = 64;

/** Whether a process can be sent this on this system. */
export function isSignal(value: unknown): value is NodeJS.Signals | number {
  if (typeof value === 'string') return Object.hasOwn(constants.signals, value);
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= LARGEST_SIGNAL;
}

export function signalNumber(signal: NodeJS.Signals | number): number {
  return typeof signal === 'number' ? signal : constants.signals[signal];
}
