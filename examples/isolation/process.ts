import { isTimeoutError, runInProcess, task } from 'hardstop';
import type * as tasks from './tasks.js';

const deriveKey = task<typeof tasks.deriveKey>(new URL('./tasks.js', import.meta.url), 'deriveKey');

try {
  // A minute of work in one call of a built-in: nothing but the end of its process stops it.
  await runInProcess(deriveKey, { args: [100_000_000], timeout: 100, grace: 0 });
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log(error.strategy, error.stage, error.stopped);
}
