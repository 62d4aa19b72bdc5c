import { runInWorker, task } from 'hardstop';
import type * as tasks from './tasks.js';

const search = task<typeof tasks.search>(new URL('./tasks.js', import.meta.url), 'search');

const best = await runInWorker(search, {
  args: [1_000_000],
  timeout: 60_000,
  onMessage: (message) => {
    console.log(message);
  },
});
console.log(best);
