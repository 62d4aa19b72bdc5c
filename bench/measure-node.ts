import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { summarize, type Distribution } from '#internal/cli/bench/distribution.js';
import { hasSamples, runTrial, type TrialPlace } from '#internal/cli/bench/run-trial.js';
import type { TrialResult, TrialSettings } from '#internal/cli/bench/trial.js';
import { atLeast, atMost, shown, type Figure } from './figure.js';
import { measureLoadTimes } from './load-time.js';

const shippedTrials = new URL('../../dist/cli/bench/trials/', import.meta.url);
const ownTrials = new URL('./trials/', import.meta.url);
const promptFile = fileURLToPath(new URL('../../dist/prompt.js', import.meta.url));

const LIMIT_MS = 10;
const BLIND_ITERATIONS = 100;
const LOAD_ITERATIONS = 20;

/** Every figure of one Node; what it runs runs one after the other, each trial in a process of its own. */
export async function measureNode(path: string, iterations: number): Promise<readonly Figure[]> {
  const node = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  const place: TrialPlace = { node: path, nodeFlags: [] };
  return [
    ...(await costFigures(node, place)),
    ...(await latenessFigures(node, place, iterations)),
    ...(await blindFigures(node, place)),
    ...loadFigures(node, path),
  ];
}

async function costFigures(node: string, place: TrialPlace): Promise<readonly Figure[]> {
  const cost = (contender: string): Promise<Distribution> =>
    summary(new URL('cost.js', shippedTrials), { contender, timeout: LIMIT_MS }, place);
  const own = (trial: string, settings: TrialSettings = {}): Promise<Distribution> =>
    summary(new URL(trial, ownTrials), settings, place);

  const call = (await cost('native')).p50;
  const nodeVm = (await cost('node:vm')).p50;
  const functionTimeout = (await cost('function-timeout')).p50;
  const frame = (await own('frame-cost.js')).p50;
  const checkpoint = (await own('checkpoint-cost.js')).p50;
  const builtInTest = (await own('regex-cost.js', { kind: 'built-in' })).p50;
  const limitedTest = (await own('regex-cost.js', { kind: 'limited' })).p50;
  return [
    atMost(0.3, { node, what: 'runSync(noop, 50), p50', value: call, unit: 'us' }),
    atLeast(150, { node, what: '  cheaper than vm.Script', value: nodeVm / call, unit: 'x' }),
    atLeast(150, {
      node,
      what: '  cheaper than function-timeout',
      value: functionTimeout / call,
      unit: 'x',
    }),
    atMost(0.12, { node, what: 'bare native frame, p50', value: frame, unit: 'us' }),
    atMost(30, { node, what: 'checkpoint(), p50', value: checkpoint * 1_000, unit: 'ns' }),
    atMost(0.5, {
      node,
      what: 'regex test() over the built-in, p50',
      value: limitedTest - builtInTest,
      unit: 'us',
    }),
  ];
}

async function latenessFigures(
  node: string,
  place: TrialPlace,
  iterations: number,
): Promise<readonly Figure[]> {
  const trial = new URL('lateness.js', shippedTrials);
  const settings = { iterations, timeout: LIMIT_MS };
  const native = await measured(trial, { ...settings, contender: 'native' }, place);
  // node:vm does not tell when it has stopped its work: its figure is from outside.
  const nodeVm = await summary(trial, { ...settings, contender: 'node:vm' }, place);
  const stopped = summarize(native.stopped ?? []);
  const caught = summarize(native.samples);
  return [
    atMost(5, { node, what: 'while(true) stopped, p50', value: stopped.p50, unit: 'us' }),
    atMost(100, { node, what: 'while(true) stopped, p99', value: stopped.p99, unit: 'us' }),
    shown({ node, what: '  its error caught, p50', value: caught.p50, unit: 'us' }),
    shown({ node, what: '  its error caught, p99', value: caught.p99, unit: 'us' }),
    atLeast(25, {
      node,
      what: '  node:vm caught later than stopped, p50',
      value: nodeVm.p50 / stopped.p50,
      unit: 'x',
    }),
    shown({
      node,
      what: '  node:vm caught later than caught, p50',
      value: nodeVm.p50 / caught.p50,
      unit: 'x',
    }),
  ];
}

async function blindFigures(node: string, place: TrialPlace): Promise<readonly Figure[]> {
  const trial = new URL('blind-lateness.js', ownTrials);
  const settings = { iterations: BLIND_ITERATIONS, timeout: LIMIT_MS };
  const cured = await summary(trial, settings, place);
  const prompt = await summary(trial, settings, { ...place, nodeFlags: ['--import', promptFile] });
  return [
    atMost(1_000, { node, what: 'warm-then-stuck late, p50', value: cured.p50, unit: 'us' }),
    atMost(50_000, { node, what: 'warm-then-stuck late, max', value: cured.max, unit: 'us' }),
    atMost(50, { node, what: '  with hardstop/prompt, p50', value: prompt.p50, unit: 'us' }),
    shown({ node, what: '  with hardstop/prompt, max', value: prompt.max, unit: 'us' }),
  ];
}

function loadFigures(node: string, path: string): readonly Figure[] {
  const { bare, loaded } = measureLoadTimes(path, LOAD_ITERATIONS);
  const overMs = (summarize(loaded).p50 - summarize(bare).p50) / 1_000;
  return [atMost(15, { node, what: 'loading the package, p50', value: overMs, unit: 'ms' })];
}

async function summary(
  trial: URL,
  settings: TrialSettings,
  place: TrialPlace,
): Promise<Distribution> {
  return summarize((await measured(trial, settings, place)).samples);
}

async function measured(
  trial: URL,
  settings: TrialSettings,
  place: TrialPlace,
): Promise<TrialResult> {
  const outcome = await runTrial(trial, settings, place);
  if (!hasSamples(outcome)) throw new Error(outcome.unavailable);
  return outcome;
}
