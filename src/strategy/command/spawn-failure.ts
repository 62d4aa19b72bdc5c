import { statSync } from 'node:fs';
import type { CommandRequest } from './command-request.js';

/** Why a command could not be started, in words that name what is to be changed. */
export function explainSpawnFailure(request: CommandRequest, error: unknown): string {
  const { cwd } = request;
  // The system has one code for a program that is not there and for a folder that is not.
  if (cwd !== undefined) {
    const problem = folderProblem(cwd);
    if (problem !== undefined) return `its working directory \`${cwd}\` ${problem}`;
  }
  const { code, message, path, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'open' && code === 'ENOTSUP') {
    return `\`${String(path)}\` is a FIFO, whose opening may wait for ever: let the command open it`;
  }
  if (syscall === 'open') return `\`${String(path)}\` cannot be opened (${String(code)})`;
  switch (code) {
    case 'ENOENT':
      return 'it was not found (ENOENT)';
    case 'EACCES':
      return 'it is not executable (EACCES)';
    case 'EAGAIN':
      return 'there are too many processes (EAGAIN)';
    case 'EMFILE':
    case 'ENFILE':
      return `there are too many open files (${code})`;
    case 'E2BIG':
      return 'its arguments and environment are too long (E2BIG)';
    default:
      return message;
  }
}

function folderProblem(folder: string): string | undefined {
  try {
    return statSync(folder).isDirectory() ? undefined : 'is not a directory';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'does not exist'
      : 'cannot be entered';
  }
}
