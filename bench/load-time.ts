import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Wall time of the life of a Node process, us: alone, and with the package imported. */
export interface LoadTimes {
  readonly bare: readonly number[];
  readonly loaded: readonly number[];
}

/** Alternates the two programs, so that a slow spell of the machine hits both. */
export function measureLoadTimes(node: string, iterations: number): LoadTimes {
  const bare: number[] = [];
  const loaded: number[] = [];
  for (let i = 0; i < iterations; i++) {
    bare.push(timeProgram(node, 'export {};'));
    loaded.push(timeProgram(node, "import 'hardstop';"));
  }
  return { bare, loaded };
}

function timeProgram(node: string, source: string): number {
  const start = performance.now();
  execFileSync(node, ['--input-type=module', '--eval', source], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
  return (performance.now() - start) * 1_000;
}
