import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarize, type Distribution } from '#internal/cli/bench/distribution.js';
import { atMost, shown, type Figure } from './figure.js';
import { interleave, type Course } from './interleave.js';

// As users run it.
const commandLine = fileURLToPath(new URL('../../dist/bundle/cli/main.cjs', import.meta.url));
const STARTS = 20;

/** Every figure of commands of one Node. */
export async function measureCommands(path: string, rounds: number): Promise<readonly Figure[]> {
  const node = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  const course: Course = { node: path, nodeFlags: [], rounds };
  return [
    ...(await costFigures(node, course)),
    ...(await treeFigures(node, course)),
    ...startFigures(node, path),
  ];
}

async function costFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [ours, spawn, execa] = await interleave(
    'command-cost.js',
    ['runCommand', 'spawn', 'execa'].map((contender) => ({ contender })),
    course,
  );
  const better = Math.min(spawn.p50, execa.p50);
  return [
    shown({ node, what: "runCommand('true'), p50", value: ours.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  child_process.spawn, p50', value: spawn.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  execa, p50', value: execa.p50 / 1_000, unit: 'ms' }),
    atMost(1.15, { node, what: '  over the better one', value: ours.p50 / better, unit: 'x' }),
  ];
}

async function treeFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [tree] = await interleave('tree-end.js', [{ timeout: 600, stops: 10 }], course);
  return [
    atMost(10, {
      node,
      what: 'deadline to a tree of 50 processes gone, p50',
      value: tree.p50 / 1_000,
      unit: 'ms',
    }),
    shown({ node, what: '  the latest', value: tree.max / 1_000, unit: 'ms' }),
  ];
}

/** Whole processes, in turn; what Node itself needs is taken off ours. */
function startFigures(node: string, path: string): readonly Figure[] {
  const commands: readonly (readonly [string, ...string[]])[] = [
    [path, '-e', '0'],
    [path, commandLine, 'run', '10', 'true'],
    ['timeout', '10', 'true'],
  ];
  const samples = commands.map((): number[] => []);
  for (let round = -1; round < STARTS; round++) {
    for (const [index, [file, ...args]] of commands.entries()) {
      const start = performance.now();
      spawnSync(file, args, { stdio: 'ignore' });
      if (round >= 0) samples[index]?.push((performance.now() - start) * 1_000);
    }
  }
  const [bare, ours, timeout] = samples.map(summarize) as unknown as readonly [
    Distribution,
    Distribution,
    Distribution,
  ];
  return [
    shown({ node, what: 'hardstop run 10 true, p50', value: ours.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  timeout 10 true, p50', value: timeout.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  node -e 0, p50', value: bare.p50 / 1_000, unit: 'ms' }),
    atMost(15, {
      node,
      what: '  over node -e 0 and timeout',
      value: (ours.p50 - bare.p50 - timeout.p50) / 1_000,
      unit: 'ms',
    }),
  ];
}
