import { execFileSync } from 'node:child_process';
import { summarize, type Distribution } from '#internal/cli/bench/distribution.js';
import { atLeast, atMost, shown, type Figure } from './figure.js';
import { interleave, samplesOf, type Course } from './interleave.js';

const LIMIT_MS = 10;
/** A million scopes that run need some GB. */
const MILLION_FLAGS = ['--expose-gc', '--max-old-space-size=8192'];
const MILLION_ROUNDS = 3;

/** Every asynchronous figure of one Node. */
export async function measureAsyncNode(path: string, rounds: number): Promise<readonly Figure[]> {
  const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  const course: Course = { node: path, nodeFlags: [], rounds };
  return [
    ...(await runFigures(version, course, 'settled')),
    ...(await runFigures(version, course, 'immediate')),
    ...(await pendingFigures(version, course)),
    ...(await latenessFigures(version, course)),
    ...(await stepFigures(version, course, 'settled')),
    ...(await stepFigures(version, course, 'immediate')),
  ];
}

async function runFigures(
  node: string,
  course: Course,
  work: 'settled' | 'immediate',
): Promise<readonly Figure[]> {
  const [ours, pTimeout, race, bare] = await interleave(
    'async-run-cost.js',
    ['run', 'p-timeout', 'race', 'bare'].map((contender) => ({ contender, work })),
    course,
  );
  const what = work === 'settled' ? 'run of an async function' : 'run of a setImmediate';
  const over = {
    node,
    what: '  over the faster of these two, p50',
    value: ours.p50 / Math.min(pTimeout.p50, race.p50),
    unit: 'x',
  } as const;
  return [
    shown({ node, what: `${what}, p50`, value: ours.p50, unit: 'us' }),
    shown({ node, what: '  the work alone, p50', value: bare.p50, unit: 'us' }),
    shown({ node, what: '  p-timeout, p50', value: pTimeout.p50, unit: 'us' }),
    shown({ node, what: '  Promise.race, AbortSignal.timeout, p50', value: race.p50, unit: 'us' }),
    // AsyncLocalStorage has a price there for every promise of the process.
    /^v2[02]\./.test(node) ? shown(over) : atMost(1, over),
  ];
}

async function pendingFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const place = { ...course, nodeFlags: MILLION_FLAGS };
  for (const kind of ['start', 'run']) {
    const rounds: (readonly number[])[] = [];
    while (rounds.length < Math.min(MILLION_ROUNDS, course.rounds)) {
      rounds.push(await samplesOf('pending-scopes.js', { kind }, place));
    }
    const median = (index: number): number =>
      summarize(rounds.map((samples) => samples[index] ?? Number.NaN)).p50;
    const memory = { node, what: '  memory of each', value: median(2), unit: 'bytes' } as const;
    figures.push(
      atMost(1.5, { node, what: `1,000,000 scopes, ${kind}: arm`, value: median(0), unit: 'us' }),
      atMost(1.5, { node, what: '  cancel', value: median(1), unit: 'us' }),
      kind === 'start' ? atMost(400, memory) : shown(memory),
    );
  }
  return figures;
}

async function latenessFigures(node: string, course: Course): Promise<readonly Figure[]> {
  const [ours, timer] = await interleave(
    'async-lateness.js',
    ['run', 'setTimeout'].map((contender) => ({ contender, timeout: LIMIT_MS })),
    course,
  );
  const rows = (what: string, { p50, p90, p99 }: Distribution): readonly Figure[] => [
    shown({ node, what: `${what} late, p50`, value: p50, unit: 'us' }),
    shown({ node, what: '  p90', value: p90, unit: 'us' }),
    shown({ node, what: '  p99', value: p99, unit: 'us' }),
  ];
  return [
    ...rows(`run, ${LIMIT_MS} ms,`, ours),
    atLeast(0, { node, what: '  the earliest', value: ours.min, unit: 'us' }),
    ...rows(`setTimeout, ${LIMIT_MS} ms,`, timer),
    shown({ node, what: '  the earliest', value: timer.min, unit: 'us' }),
    atLeast(3, { node, what: '  later than run, p50', value: timer.p50 / ours.p50, unit: 'x' }),
  ];
}

async function stepFigures(
  node: string,
  course: Course,
  promise: 'settled' | 'immediate',
): Promise<readonly Figure[]> {
  const [step, inRun, outside] = await interleave(
    'coroutine-step-cost.js',
    ['yield', 'await', 'await outside'].map((contender) => ({ contender, promise })),
    course,
  );
  const what = promise === 'settled' ? 'a promise that is settled' : 'a setImmediate';
  return [
    shown({ node, what: `yield of ${what}, p50`, value: step.p50, unit: 'us' }),
    shown({ node, what: '  await in a run, p50', value: inRun.p50, unit: 'us' }),
    shown({ node, what: '  await outside, p50', value: outside.p50, unit: 'us' }),
    atMost(2, {
      node,
      what: '  yield over await in a run',
      value: step.p50 / inRun.p50,
      unit: 'x',
    }),
  ];
}
