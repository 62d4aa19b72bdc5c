import { writeSync } from 'node:fs';

/** Tells the person who has typed the command line. Not by `process.stderr`, which changes a pipe that commands share. */
export function printMessage(text: string): void {
  try {
    writeSync(2, `hardstop: ${text}\n`);
  } catch {
    // Nobody listens, which changes nothing for the command.
  }
}
