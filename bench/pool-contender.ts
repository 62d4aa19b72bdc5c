import { fileURLToPath } from 'node:url';
import { createPool, task } from 'hardstop';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';
import type { echo as Echo, spin as Spin } from './trials/tasks/pool-tasks.js';

const tasks = new URL('./trials/tasks/pool-tasks.js', import.meta.url);
const filename = fileURLToPath(tasks);
const echo = task<typeof Echo>(tasks, 'echo');
const spin = task<typeof Spin>(tasks, 'spin');

/** A pool, and the two things that are measured of it. */
export interface PoolContender {
  /** Sends a value there and back. */
  echo(value: number): Promise<unknown>;
  /** Runs an endless loop that is ended after `timeout` ms; rejects. */
  spin(timeout: number): Promise<unknown>;
  destroy(): Promise<unknown>;
}

/** The pools by name, each of workers alone unless its name says otherwise; `size`: how many. */
export const poolContenders: Readonly<Record<string, (size: number) => PoolContender>> = {
  hardstop: (size) => ours('worker', size),
  'hardstop process': (size) => ours('process', size),
  piscina: (size) => {
    const pool = new Piscina({ filename, minThreads: size, maxThreads: size });
    return {
      echo: (value) => pool.run(value, { name: 'echo' }),
      spin: (timeout) =>
        pool.run(undefined, { name: 'spin', signal: AbortSignal.timeout(timeout) }),
      destroy: () => pool.destroy(),
    };
  },
  tinypool: (size) => {
    const pool = new Tinypool({ filename, minThreads: size, maxThreads: size });
    return {
      echo: (value) => pool.run(value, { name: 'echo' }) as Promise<unknown>,
      spin: (timeout) =>
        pool.run(undefined, {
          name: 'spin',
          signal: AbortSignal.timeout(timeout),
        }) as Promise<unknown>,
      destroy: () => pool.destroy(),
    };
  },
  workerpool: (size) => {
    const script = fileURLToPath(new URL('./trials/tasks/workerpool-worker.js', import.meta.url));
    const pool = workerpool.pool(script, {
      workerType: 'thread',
      minWorkers: size,
      maxWorkers: size,
    });
    return {
      echo: (value) => Promise.resolve(pool.exec('echo', [value])),
      spin: (timeout) => Promise.resolve(pool.exec('spin', []).timeout(timeout)),
      destroy: () => Promise.resolve(pool.terminate(true)),
    };
  },
};

function ours(kind: 'worker' | 'process', size: number): PoolContender {
  const pool = createPool({ kind, size });
  return {
    echo: (value) => pool.run(echo, { args: [value] }),
    spin: (timeout) => pool.run(spin, { timeout }),
    destroy: () => pool.terminate(),
  };
}

/** The contender of that name. */
export function makePoolContender(name: string, size: number): PoolContender {
  const make = poolContenders[name];
  if (make === undefined) throw new RangeError(`No pool named '${name}'`);
  return make(size);
}
