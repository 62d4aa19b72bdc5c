import { runSync } from 'hardstop';

const open = new Set<string>();

try {
  runSync(
    (scope) => {
      open.add('file');
      try {
        // checkpoint() throws at the deadline, so that `finally` runs; force comes 1,000 ms later, if it is needed.
        for (;;) scope.checkpoint();
      } finally {
        open.delete('file');
      }
    },
    { timeout: 20, grace: 1_000 },
  );
} catch (error) {
  console.log((error as Error).name, (error as { stage?: string }).stage);
}
console.log('still open:', open.size);
