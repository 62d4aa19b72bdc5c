// What the project promises of workers and processes, measured in one run:
// `npm run bench:isolation -- [--node PATH]... [--rounds COUNT] [--json FILE]`.
import { measureIsolation } from './measure-isolation.js';
import { runBench } from './run-bench.js';

await runBench({
  count: 'rounds',
  usually: 3,
  measure: measureIsolation,
  contenders: ['piscina', 'tinypool', 'workerpool'],
});
