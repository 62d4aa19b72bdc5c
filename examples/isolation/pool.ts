import { createPool, QueueFullError, task } from 'hardstop';
import type * as tasks from './tasks.js';

const wordCount = task<typeof tasks.wordCount>(new URL('./tasks.js', import.meta.url), 'wordCount');

await using pool = createPool({
  kind: 'worker',
  size: 2,
  // For calls that say nothing else.
  timeout: 10_000,
  maxQueue: 1,
});

const texts = ['one', 'one two', 'one two three', 'one two three four'];
const counts = await Promise.allSettled(texts.map((text) => pool.run(wordCount, { args: [text] })));
for (const count of counts) {
  if (count.status === 'fulfilled') console.log(count.value);
  else console.log(count.reason instanceof QueueFullError ? 'no room' : count.reason);
}
console.log(pool.statistics().completed);
