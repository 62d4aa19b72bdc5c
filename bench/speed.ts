// The figures that the project promises, measured in one run: `npm run bench -- [--node PATH]... [--json FILE]`.
import { measureNode } from './measure-node.js';
import { runBench } from './run-bench.js';

await runBench({ count: 'iterations', usually: 200, measure: measureNode });
