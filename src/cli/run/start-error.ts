import { getSystemErrorMap } from 'node:util';
import { defineErrorName } from '../../errors/error-name.js';

/** The command could not be started; the message is for the person who typed it. */
export class StartError extends Error {
  static {
    defineErrorName(this, 'StartError');
  }

  /** What `hardstop run` exits with. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** What the system says of an error number, in the words of a C library: with a capital letter. */
export function describeErrno(errno: number): string {
  const text = getSystemErrorMap().get(-errno)?.[1] ?? `Unknown error ${String(errno)}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
