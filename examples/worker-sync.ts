import { isTimeoutError, runInWorkerSync } from 'hardstop';

// The function's source is sent to the thread: it uses nothing from around it but its arguments.
const sum = runInWorkerSync((...numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0), {
  timeout: 5_000,
  args: [1, 2, 3],
});
console.log(sum);

try {
  runInWorkerSync(
    () => {
      for (;;);
    },
    { timeout: 50 },
  );
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log(error.strategy, error.stopped);
}
