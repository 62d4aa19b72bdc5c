import type { WorkerOptions } from 'node:worker_threads';

/** Node's flags that say how modules are found and loaded, with their value's place. */
const LOADING_FLAGS =
  /^(?:--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(?:=|$)/;

/** Set for a program that stands on the command line; fatal for a thread, whose program is a file. */
const INPUT_TYPE = /(?<=^|\s)(?:--input-type|--experimental-default-type)(?:=|\s+)\S+/g;

/**
 * What a worker must be told of the flags of this process. Nothing, as a rule: Node then hands all of them down. Only
 * `--input-type` cannot be inherited, and Node has no way to take one flag out: where it is set, the flags that the loading
 * of modules depends on are passed on, and the others, which the process has had already, are not.
 */
export function inheritedFlags(): Pick<WorkerOptions, 'execArgv' | 'env'> {
  const nodeOptions = process.env['NODE_OPTIONS'] ?? '';
  const inEnvironment = nodeOptions.replace(INPUT_TYPE, '');
  const isInEnvironment = inEnvironment !== nodeOptions;
  if (
    !isInEnvironment &&
    process.execArgv.join(' ').replace(INPUT_TYPE, '') === process.execArgv.join(' ')
  ) {
    return {};
  }
  const execArgv: string[] = [];
  process.execArgv.forEach((flag, index) => {
    if (!LOADING_FLAGS.test(flag)) return;
    execArgv.push(flag);
    const next = process.execArgv[index + 1];
    if (!flag.includes('=') && next !== undefined) execArgv.push(next);
  });
  return {
    execArgv,
    ...(isInEnvironment && { env: { ...process.env, NODE_OPTIONS: inEnvironment } }),
  };
}
