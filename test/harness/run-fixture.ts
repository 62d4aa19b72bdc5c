import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';

export interface FixtureOptions {
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** The child is killed with SIGKILL after so many ms. */
  readonly timeoutMs?: number;
  /** The Node that runs it; by default the one that runs the test. */
  readonly execPath?: string;
  /** Written to the child's standard input, which is then closed. */
  readonly stdin?: string;
}

export interface FixtureResult {
  /** Exit code, or `null` when a signal ended the child. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the child had to be killed because it did not end by itself. */
  readonly timedOut: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Runs a compiled fixture in a child process that cannot outlive its limit.
 *
 * @param name - path below test/fixtures/, with or without the `.js` ending.
 */
export function runFixture(name: string, options: FixtureOptions = {}): Promise<FixtureResult> {
  return runNode([fixturePath(name), ...(options.args ?? [])], options);
}

export interface SourceOptions extends FixtureOptions {
  /** How the text is read; `'module'` by default. */
  readonly type?: 'module' | 'commonjs';
}

/** Runs a program given as text, an ES module by default. It can import `hardstop` and `#internal/*`. */
export function runSource(source: string, options: SourceOptions = {}): Promise<FixtureResult> {
  const { type = 'module', args = [] } = options;
  return runNode([`--input-type=${type}`, '--eval', source, '--', ...args], options);
}

/** Absolute path of a fixture: the compiled one, else the file in the source folder. */
export function fixturePath(name: string): string {
  const candidates = ['build/test/fixtures', 'test/fixtures'].flatMap((folder) =>
    ['', '.js', '.mjs', '.cjs'].map((ending) => join(packageRoot, folder, `${name}${ending}`)),
  );
  const found = candidates.find((path) => /\.[cm]?js$/.test(path) && existsSync(path));
  if (found === undefined) throw new Error(`No fixture ${name} in test/fixtures/`);
  return found;
}

function runNode(nodeArgs: readonly string[], options: FixtureOptions): Promise<FixtureResult> {
  const { execPath = process.execPath, timeoutMs = DEFAULT_TIMEOUT_MS, nodeFlags = [] } = options;
  // A process group of its own, so that the kill reaches what the fixture has started too.
  const child = spawn(execPath, [...nodeFlags, ...nodeArgs], {
    cwd: packageRoot,
    env: { ...process.env, ...options.env },
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let timedOut = false;
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', ignoreClosedPipe).end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, timedOut });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // The group is gone already; 'close' follows.
  }
}

function ignoreClosedPipe(): void {
  // A fixture may end without reading its standard input.
}
