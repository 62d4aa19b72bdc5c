import { hash } from './tasks.js';

// Blocks this thread, but never longer than its limit.
console.log(hash('text', 1_000));

try {
  console.log(hash.within(100)('text', 100_000_000));
} catch (error) {
  console.log((error as Error).message.replace(/,.*\)/, ')'));
}
