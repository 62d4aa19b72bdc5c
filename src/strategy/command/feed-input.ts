import type { Writable } from 'node:stream';

/**
 * Writes all of a command's standard input, and closes it. A command need not read to the end; then the pipe breaks.
 */
export function feedInput(stdin: Writable, input: string | Uint8Array | undefined): void {
  if (input === undefined) stdin.end();
  else stdin.end(input);
}

/** Has a pipe break quietly when its reader has gone. */
export function ignoreBreaks(stdin: Writable): void {
  stdin.on('error', ignore);
}

function ignore(): void {
  // The command's exit says more than what could not be written.
}
