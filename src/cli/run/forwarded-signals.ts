import { signalNumber } from './signal-names.js';

/**
 * What ends a process by default and is not raised by its own faults: all that coreutils passes on, as far as Node can
 * catch it. SIGALRM is the limit's own.
 */
const TERMINATING = [
  ...['ALRM', 'INT', 'QUIT', 'HUP', 'TERM', 'PIPE', 'USR1', 'USR2', 'XCPU', 'XFSZ', 'SYS'],
  ...['VTALRM', 'PROF', 'POLL', 'PWR', 'STKFLT', 'EMT', 'BREAK'],
];

/** Calls `receive` with the number of each signal that this process is sent and is to pass on. */
export function catchSignals(
  termSignal: string,
  ignored: readonly number[],
  receive: (signal: number) => void,
): void {
  for (const name of new Set([...TERMINATING, termSignal])) {
    const number = signalNumber(name);
    if (number === undefined || name === 'KILL' || name === 'STOP') continue;
    // A listener in any case: without one it ends this process.
    const isIgnored = ignored.includes(number) && name !== termSignal && name !== 'ALRM';
    process.on(`SIG${name}` as NodeJS.Signals, () => {
      if (!isIgnored) receive(number);
    });
  }
}
