import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** What a program search finds in the way, and how Node names it. */
type SpawnCode = 'ENOENT' | 'EACCES';

/** Throws, as `spawn` would report it, where there is no such program: one that is not found, or not to be executed. */
export function requireExecutable(
  file: string,
  cwd: string | undefined,
  env: NodeJS.ProcessEnv,
): void {
  let code: SpawnCode = 'ENOENT';
  for (const path of candidates(file, cwd, env)) {
    const found = codeOf(path);
    if (found === undefined) return;
    if (found === 'EACCES') code = found;
  }
  const error: NodeJS.ErrnoException = new Error(`spawn ${file} ${code}`);
  throw Object.assign(error, { code, syscall: `spawn ${file}`, path: file });
}

/** Where the system looks for a program; relative places count from the working directory of the command. */
function candidates(
  file: string,
  cwd: string | undefined,
  env: NodeJS.ProcessEnv,
): readonly string[] {
  const base = cwd ?? process.cwd();
  if (file.includes('/')) return [resolve(base, file)];
  const path = env['PATH'] ?? '/usr/local/bin:/bin:/usr/bin';
  return path.split(delimiter).map((folder) => resolve(base, folder, file));
}

function codeOf(path: string): SpawnCode | undefined {
  try {
    if (!statSync(path).isFile()) return 'EACCES';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'EACCES' : 'ENOENT';
  }
}
