import { subscribe } from 'node:diagnostics_channel';
import { runSync, statistics, type TimeoutError } from 'hardstop';

subscribe('hardstop:timeout', (message) => {
  const { error } = message as { readonly error: TimeoutError };
  console.log(`published: ${error.strategy}, stopped: ${String(error.stopped)}`);
});

runSync(
  () => {
    for (;;);
  },
  { timeout: 20, error: false },
);
console.log('expired:', statistics().expired);
