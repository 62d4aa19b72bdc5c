// What the project promises of commands, measured in one run:
// `npm run bench:commands -- [--node PATH]... [--rounds COUNT] [--json FILE]`.
import { measureCommands } from './measure-commands.js';
import { runBench } from './run-bench.js';

await runBench({ count: 'rounds', usually: 3, measure: measureCommands, contenders: ['execa'] });
