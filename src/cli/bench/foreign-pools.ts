import { fileURLToPath } from 'node:url';
import { IN_TIME_LIMIT_MS, type Contender, type Limiter } from './contender.js';
import { endAtOnce, loopForever } from './foreign-tasks.js';
import { importForeign } from './import-foreign.js';
import { UnavailableError } from './unavailable-error.js';

const filename = fileURLToPath(new URL('./foreign-tasks.js', import.meta.url));

/** Pools of workers that people use without us. None of them can stop a task but by the end of its worker. */
export const foreignPools: readonly Contender[] = [
  {
    name: 'piscina',
    description: 'the npm package, task aborted by AbortSignal.timeout',
    foreign: true,
    prepare: (timeout) => prepareAborted('piscina', 'Piscina', timeout),
  },
  {
    name: 'tinypool',
    description: 'the npm package, task aborted by AbortSignal.timeout',
    foreign: true,
    prepare: (timeout) => prepareAborted('tinypool', 'Tinypool', timeout),
  },
  {
    name: 'workerpool',
    description: 'the npm package, task with its own timeout',
    foreign: true,
    prepare: prepareWorkerpool,
  },
];

/** piscina and tinypool, its fork, have one interface. */
type AbortedPool = new (options: {
  readonly filename: string;
  readonly minThreads: number;
  readonly maxThreads: number;
}) => {
  run(
    task: unknown,
    options: { readonly name: string; readonly signal?: AbortSignal },
  ): Promise<unknown>;
  destroy(): Promise<unknown>;
};

async function prepareAborted(name: string, exportName: string, timeout: number): Promise<Limiter> {
  const { module, version } = await importForeign(name);
  const Pool = (module as Readonly<Record<string, AbortedPool>>)[exportName];
  if (Pool === undefined) throw new UnavailableError(`${name} has no ${exportName}`);
  const pool = new Pool({ filename, minThreads: 1, maxThreads: 1 });
  return {
    version,
    isAsync: true,
    runInTime: () => pool.run(undefined, { name: endAtOnce.name }),
    stopLoop: () =>
      pool.run(undefined, { name: loopForever.name, signal: AbortSignal.timeout(timeout) }),
    end: () => pool.destroy(),
  };
}

interface Workerpool {
  pool(options: {
    readonly workerType: 'thread';
    readonly minWorkers: number;
    readonly maxWorkers: number;
  }): {
    exec(
      work: () => void,
      args: readonly unknown[],
    ): PromiseLike<unknown> & {
      timeout(ms: number): PromiseLike<unknown>;
    };
    terminate(force: boolean): PromiseLike<unknown>;
  };
}

async function prepareWorkerpool(timeout: number): Promise<Limiter> {
  const { module, version } = await importForeign('workerpool');
  const { default: workerpool } = module as { readonly default: Workerpool };
  const pool = workerpool.pool({
    workerType: 'thread',
    minWorkers: 1,
    maxWorkers: 1,
  });
  return {
    version,
    isAsync: true,
    runInTime: () => pool.exec(endAtOnce, []).timeout(IN_TIME_LIMIT_MS * 1_000),
    stopLoop: () => pool.exec(loopForever, []).timeout(timeout),
    end: () => pool.terminate(true),
  };
}
