import { createPool } from 'hardstop';

await using pool = createPool({ kind: 'worker', size: 2 });

const patterns = ['a+b', '(a+)+$', '[', '^a{3}'];
const results = pool.map(
  // Ten thousand letters, and one that does not fit: the second pattern would take for ever.
  (pattern: string) => new RegExp(pattern).test(`${'a'.repeat(10_000)}!`),
  patterns,
  { timeout: 2_000 },
);
for await (const result of results) {
  const outcome = result.status === 'fulfilled' ? result.value : (result.reason as Error).name;
  console.log(result.item, outcome);
}
