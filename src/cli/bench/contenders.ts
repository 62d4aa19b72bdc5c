import { Script } from 'node:vm';
import { runInProcess, runInWorker, runInWorkerSync, runSync, type Timeout } from 'hardstop';
import { IN_TIME_LIMIT_MS, type Contender, type Limiter } from './contender.js';
import { foreignPools } from './foreign-pools.js';
import { importForeign } from './import-foreign.js';

/** Where a start of a thread or process may come in between. */
const LONG_LIMIT_MS = 60_000;

/** All rows, ours first. */
export const contenders: readonly Contender[] = [
  {
    name: 'native',
    description: 'runSync, stopped by the native watchdog',
    foreign: false,
    prepare: (timeout) => inThread('native', timeout),
  },
  {
    name: 'native, checkpoint',
    description: 'runSync with grace; the loop calls checkpoint()',
    foreign: false,
    prepare: prepareCheckpoint,
  },
  {
    name: 'vm',
    description: 'runSync, strategy vm',
    foreign: false,
    prepare: (timeout) => inThread('vm', timeout),
  },
  {
    name: 'worker, blocking',
    description: 'runInWorkerSync, interrupted in a worker thread that lives on',
    foreign: false,
    prepare: prepareBlockingWorker,
  },
  {
    name: 'worker (interrupt)',
    description: 'runInWorker, interrupted in a worker thread that lives on',
    foreign: false,
    prepare: prepareWorker,
  },
  {
    name: 'worker (terminate)',
    description: 'runInWorker without the addon, a worker thread that is terminated',
    foreign: false,
    environment: { HARDSTOP_DISABLE_NATIVE: '1' },
    prepare: prepareWorker,
  },
  {
    name: 'process',
    description: 'runInProcess with grace 0, a process that is killed',
    foreign: false,
    prepare: prepareProcess,
  },
  {
    name: 'node:vm',
    description: 'vm.Script with the option timeout, script compiled once',
    foreign: true,
    prepare: prepareNodeVm,
  },
  {
    name: 'function-timeout',
    description: 'the npm package, function wrapped once',
    foreign: true,
    prepare: prepareFunctionTimeout,
  },
  ...foreignPools,
];

/** The row of that name. */
export function findContender(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found === undefined) throw new RangeError(`No contender named '${name}'`);
  return found;
}

function inThread(strategy: 'native' | 'vm', timeout: number): Limiter {
  // Ours are called in their shortest form where that form means the same strategy.
  const inTime = strategy === 'native' ? IN_TIME_LIMIT_MS : { timeout: IN_TIME_LIMIT_MS, strategy };
  // Refused at once where the strategy is not there.
  runSync(endAtOnce, { timeout: Infinity, strategy });
  return {
    runInTime: () => runSync(endAtOnce, inTime),
    stopLoop: () => runSync(loopForever, { timeout, strategy }),
  };
}

function prepareCheckpoint(timeout: number): Limiter {
  const grace = 1_000;
  const strategy = 'native';
  const inTime = { timeout: IN_TIME_LIMIT_MS, grace, strategy } as const;
  return {
    runInTime: () => runSync(checkOnce, inTime),
    stopLoop: () => runSync(checkForever, { timeout, grace, strategy }),
  };
}

function prepareBlockingWorker(timeout: number): Limiter {
  return {
    runInTime: () => {
      runInWorkerSync(endAtOnce, { timeout: IN_TIME_LIMIT_MS });
    },
    stopLoop: () => {
      runInWorkerSync(loopForever, { timeout });
    },
  };
}

function prepareWorker(timeout: number): Limiter {
  return {
    isAsync: true,
    runInTime: () => runInWorker(endAtOnce, { timeout: LONG_LIMIT_MS }),
    stopLoop: () => runInWorker(loopForever, { timeout }),
  };
}

function prepareProcess(timeout: number): Limiter {
  return {
    isAsync: true,
    runInTime: () => runInProcess(endAtOnce, { timeout: LONG_LIMIT_MS }),
    stopLoop: () => runInProcess(loopForever, { timeout, grace: 0 }),
  };
}

function prepareNodeVm(timeout: number): Limiter {
  const inTime = new Script('undefined');
  const loop = new Script('for (;;);');
  return {
    runInTime: () => {
      inTime.runInThisContext({ timeout: IN_TIME_LIMIT_MS });
    },
    stopLoop: () => {
      loop.runInThisContext({ timeout });
    },
  };
}

async function prepareFunctionTimeout(timeout: number): Promise<Limiter> {
  const { module, version } = await importForeign('function-timeout');
  const { default: functionTimeout } = module as { readonly default: FunctionTimeout };
  return {
    version,
    runInTime: functionTimeout(endAtOnce, { timeout: IN_TIME_LIMIT_MS }),
    stopLoop: functionTimeout(loopForever, { timeout }),
  };
}

type FunctionTimeout = (work: () => void, options: { readonly timeout: number }) => () => void;

function endAtOnce(): void {
  // Nothing to do: what is measured is the frame around it.
}

function loopForever(): void {
  for (;;);
}

function checkOnce(scope: Timeout): void {
  scope.checkpoint();
}

function checkForever(scope: Timeout): void {
  for (;;) scope.checkpoint();
}
