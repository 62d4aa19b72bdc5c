// What the project promises of asynchronous work, measured in one run:
// `npm run bench:async -- [--node PATH]... [--rounds COUNT] [--json FILE]`.
import { measureAsyncNode } from './measure-async-node.js';
import { runBench } from './run-bench.js';

await runBench({
  count: 'rounds',
  usually: 5,
  measure: measureAsyncNode,
  contenders: ['p-timeout'],
});
