import { spawn, type ChildProcess, type SpawnOptions, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { CommandRequest, InputSource, OutputFile, OutputTarget } from './command-request.js';
import { requireExecutable } from './executable.js';
import { openFile } from './open-file.js';
import { shellText } from './shell-words.js';

/** Gives standard error the descriptor of standard output, and becomes the program. */
const MERGE_SCRIPT = 'exec "$@" 2>&1';

const isWindows = process.platform === 'win32';

/**
 * Starts the process of a command.
 *
 * @param env the whole environment
 * @throws what Node throws, or reports, for a command that cannot be started at once
 */
export function spawnCommand(request: CommandRequest, env: NodeJS.ProcessEnv): ChildProcess {
  const opened: number[] = [];
  try {
    const { file, args, shell } = commandLine(request, env);
    const options: SpawnOptions = {
      cwd: request.cwd,
      env,
      shell,
      // A group and a session of its own: what is started in it can be found by that. One that shares our standard input
      // stays in our session, where it can be asked things in the terminal and is told of Ctrl-C.
      detached: !isWindows && request.killTree && request.stdin !== 'inherit',
      windowsHide: true,
      stdio: stdioOf(request, opened),
    };
    return spawn(file, args, options);
  } finally {
    // The child has them.
    for (const descriptor of opened) closeSync(descriptor);
  }
}

interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly shell: boolean | string;
}

function commandLine(request: CommandRequest, env: NodeJS.ProcessEnv): CommandLine {
  const { file, args, shell, mergeStderr } = request;
  if (isWindows) return { file, args, shell };
  const program =
    shell === false
      ? { file, args }
      : { file: shell === true ? '/bin/sh' : shell, args: ['-c', shellText(file, args)] };
  if (!mergeStderr) return { ...program, shell: false };
  // Two pipes lose the order in which they were written to. The shell's own error would look like the command's.
  requireExecutable(program.file, request.cwd, env);
  const merged = ['-c', MERGE_SCRIPT, 'sh', program.file, ...program.args];
  return { file: '/bin/sh', args: merged, shell: false };
}

function stdioOf(request: CommandRequest, opened: number[]): StdioOptions {
  const { stdin, stdout, stderr, mergeStderr } = request;
  const isMergedByShell = mergeStderr && !isWindows;
  return [
    inputOf(stdin, opened),
    outputOf(stdout, opened),
    // Replaced before the program runs.
    isMergedByShell ? 'ignore' : outputOf(stderr, opened),
  ];
}

function inputOf(source: InputSource, opened: number[]): 'pipe' | 'ignore' | 'inherit' | number {
  if (typeof source !== 'object') return source;
  const descriptor = openFile(source.file, 'r');
  opened.push(descriptor);
  return descriptor;
}

function outputOf(target: OutputTarget, opened: number[]): 'pipe' | 'ignore' | 'inherit' | number {
  if (typeof target !== 'object') return target;
  // What has to be counted comes through us.
  if (target.maxSize !== Infinity) return 'pipe';
  const descriptor = openOutput(target);
  opened.push(descriptor);
  return descriptor;
}

/** Opens the file that output goes to. */
export function openOutput({ file, append }: OutputFile): number {
  return openFile(file, append ? 'a' : 'w');
}
