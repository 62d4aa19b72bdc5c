#!/usr/bin/env node
import { HELP } from './help.js';
import { packageVersion } from '../version.js';
import { isUsageError, UsageError } from './usage-error.js';

/** A command takes the arguments after its name and gives the exit status. */
interface CommandModule {
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Loaded when called, so that each command pays only for what it needs. */
const commands: ReadonlyMap<string, () => Promise<CommandModule>> = new Map([
  ['bench', () => import('./bench/command.js')],
  ['doctor', () => import('./doctor/command.js')],
  ['run', () => import('./run/command.js')],
]);

const USAGE_STATUS = 2;

// No top-level await: it is bundled as a script, which Node starts sooner than a module.
void main(process.argv.slice(2)).then((status) => (process.exitCode = status));

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === 'help' || isHelp(name)) return print(HELP);
  if (name === '--version' || name === '-V') return print(`${packageVersion()}\n`);
  try {
    const command = await loadCommand(name);
    // `run` has a usage of its own, and a command of its user's among its arguments.
    return name !== 'run' && rest.some(isHelp) ? print(HELP) : await command.run(rest);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    process.stderr.write(`hardstop: ${error.message}\nTry 'hardstop --help'.\n`);
    return USAGE_STATUS;
  }
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h';
}

function loadCommand(name: string | undefined): Promise<CommandModule> {
  if (name === undefined) throw new UsageError('no command given');
  const load = commands.get(name);
  if (load === undefined) {
    const kind = name.startsWith('-') ? 'option' : 'command';
    throw new UsageError(`unknown ${kind} '${name}'`);
  }
  return load();
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
