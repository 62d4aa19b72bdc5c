import { spawnSync } from 'node:child_process';

/**
 * The C++ compiler of this machine: `CXX`, else `c++`.
 *
 * @returns {string | undefined} `undefined` where there is none that works
 */
export function findCompiler() {
  const compiler = process.env['CXX'] || 'c++';
  return spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status === 0
    ? compiler
    : undefined;
}
