import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Distribution } from '#internal/cli/bench/distribution.js';
import { atLeast, atMost, shown, type Figure } from './figure.js';
import { interleave, type Course } from './interleave.js';

const LIMIT_MS = 50;
const STOPS = 20;
const TASKS = 20_000;
/** A process is started anew for each stop by force. */
const RECOVERY_LIMIT_MS = 20;

/** Every figure of workers and processes of one Node. */
export async function measureIsolation(path: string, rounds: number): Promise<readonly Figure[]> {
  const node = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  const course: Course = { node: path, nodeFlags: [], rounds };
  return [
    ...(await recoveryFigures(node, course)),
    ...(await throughputFigures(node, course)),
    ...(await latenessFigures(node, course)),
    ...(await roundTripFigures(node, course)),
  ];
}

const CONTENDERS = ['hardstop', 'piscina', 'tinypool', 'workerpool'] as const;

async function recoveryFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [ours, ...theirs] = await interleave(
    'pool-recovery.js',
    CONTENDERS.map((contender) => ({ contender, stops: STOPS, timeout: RECOVERY_LIMIT_MS })),
    course,
  );
  return [
    atMost(1, { node, what: 'back in service, p50', value: ours.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  p99', value: ours.p99 / 1_000, unit: 'ms' }),
    ...theirs.flatMap((their, index) =>
      rows(node, CONTENDERS[index + 1] as string, their, their.p50 / ours.p50, 10),
    ),
  ];
}

function rows(
  node: string,
  name: string,
  their: Distribution,
  ratio: number,
  bar: number,
): readonly Figure[] {
  return [
    shown({ node, what: `  ${name}, p50`, value: their.p50 / 1_000, unit: 'ms' }),
    atLeast(bar, { node, what: `  ${name} over ours`, value: ratio, unit: 'x' }),
  ];
}

async function throughputFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const size = availableParallelism();
  const [ours, ...theirs] = await interleave(
    'pool-throughput.js',
    CONTENDERS.map((contender) => ({ contender, tasks: TASKS, size })),
    course,
  );
  return [
    shown({ node, what: 'tiny task in a warm pool, p50', value: ours.p50, unit: 'us' }),
    ...theirs.flatMap((their, index) => {
      const name = CONTENDERS[index + 1] as string;
      const ratio = {
        node,
        what: `  ${name} over ours`,
        value: their.p50 / ours.p50,
        unit: 'x',
      } as const;
      return [
        shown({ node, what: `  ${name}, p50`, value: their.p50, unit: 'us' }),
        name === 'piscina' ? atLeast(1, ratio) : shown(ratio),
      ];
    }),
  ];
}

async function latenessFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [worker, workerTold, child] = await interleave(
    'task-lateness.js',
    [
      { kind: 'worker', until: 'ended' },
      { kind: 'worker', until: 'told' },
      { kind: 'process', until: 'ended' },
    ].map((setting) => ({ ...setting, timeout: LIMIT_MS, stops: STOPS })),
    course,
  );
  return [
    atMost(0.3, {
      node,
      what: 'worker, interrupted: late, p50',
      value: worker.p50 / 1_000,
      unit: 'ms',
    }),
    shown({ node, what: '  p99', value: worker.p99 / 1_000, unit: 'ms' }),
    shown({ node, what: '  until told, p50', value: workerTold.p50 / 1_000, unit: 'ms' }),
    atMost(3, { node, what: 'process, killed: late, p50', value: child.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  p99', value: child.p99 / 1_000, unit: 'ms' }),
  ];
}

async function roundTripFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [roundTrip] = await interleave('sync-round-trip.js', [{}], course);
  return [
    atMost(0.15, { node, what: 'runInWorkerSync, p50', value: roundTrip.p50 / 1_000, unit: 'ms' }),
    shown({ node, what: '  p99', value: roundTrip.p99 / 1_000, unit: 'ms' }),
  ];
}
