import test from 'ava';
import { CommandError, CommandTimeoutError } from 'hardstop';

/** For commands of a POSIX system with /proc. */
export const onLinux: typeof test.serial = (
  process.platform === 'linux' ? test.serial : test.serial.skip
) as typeof test.serial;

/** The timeout that a promise rejects with. */
export async function timeoutOf(promise: Promise<unknown>): Promise<CommandTimeoutError> {
  const error = await failureOf(promise);
  if (error instanceof CommandTimeoutError) return error as CommandTimeoutError;
  throw new Error('No CommandTimeoutError was thrown', { cause: error });
}

/** The command error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<CommandError> {
  const error = await failureOf(promise);
  if (error instanceof CommandError) return error as CommandError;
  throw new Error('No CommandError was thrown', { cause: error });
}

/** What a promise rejects with. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error('Nothing was thrown', { cause: value });
    },
    (error: unknown) => error,
  );
}
