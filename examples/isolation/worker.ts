import { isTimeoutError, runInWorker, task } from 'hardstop';
import type * as tasks from './tasks.js';

// The function's source is sent: it uses nothing from around it but its arguments.
const sum = await runInWorker((a: number, b: number) => a + b, { args: [1, 2], timeout: 5_000 });
console.log(sum);

// Or a module and the name of an export; the type says what it takes and gives.
const wordCount = task<typeof tasks.wordCount>(new URL('./tasks.js', import.meta.url), 'wordCount');
console.log(await runInWorker(wordCount, { args: ['to be or not to be'], timeout: 5_000 }));

try {
  await runInWorker(() => {
    for (;;);
  }, 50);
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log(error.strategy, error.stopped);
}
