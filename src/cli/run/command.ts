import { constants } from 'node:os';
import { loadAddon } from '../../native/load.js';
import type * as OrphanGuard from '../../strategy/process-tree/orphan-guard.js';
import { newTreeMark } from '../../strategy/process-tree/tree-mark.js';
import { packageVersion } from '../../version.js';
import { isUsageError } from '../usage-error.js';
import type { CommandProcess, CommandStarter } from './command-process.js';
import { chooseEnding, STATUS, type Ending } from './exit-status.js';
import { catchSignals } from './forwarded-signals.js';
import { RUN_HELP } from './help.js';
import { inheritedIgnores } from './inherited-environment.js';
import { printMessage } from './message.js';
import { Monitor, type MonitorOutcome } from './monitor.js';
import { NativeStarter } from './native-starter.js';
import { parseRunOptions, type RunOptions } from './options.js';
import { ReportFile } from './report-file.js';
import { signalName } from './signal-names.js';
import { StartError } from './start-error.js';

/** Commands that take less do not pay for the guard; their death with this process is the system's matter. */
const GUARD_AFTER_MS = 50;
/** What a command has to end in that was asked to by the death of this process, s. */
const GUARD_GRACE_SECONDS = 1;

/** `hardstop run`: coreutils' `timeout`, and the whole process tree. Ends this process as the command has ended. */
export async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'number') return options;
  const starter: CommandStarter = await chooseStarter();
  let report: ReportFile | undefined;
  try {
    if (options.json !== undefined) report = new ReportFile(options.json);
    return await runCommand(options, starter, report);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    printMessage(error.message);
    report?.writeError(options, error);
    return starter.leave(error.status);
  }
}

/** The options, or the exit status where there is nothing to run. */
function readOptions(args: readonly string[]): RunOptions | number {
  try {
    const options = parseRunOptions(args);
    if (typeof options === 'object') return options;
    process.stdout.write(options === 'help' ? RUN_HELP : `${packageVersion()}\n`);
    return 0;
  } catch (error) {
    if (!isUsageError(error)) throw error;
    if (error.message !== '') printMessage(error.message);
    process.stderr.write("Try 'hardstop run --help' for more information.\n");
    return STATUS.failed;
  }
}

async function runCommand(
  options: RunOptions,
  starter: CommandStarter,
  report: ReportFile | undefined,
): Promise<never> {
  const { mark, env } = options.tree ? newTreeMark() : { mark: undefined, env: undefined };
  // Of the command's environment it is this process's that is inherited.
  Object.assign(process.env, env);
  const watch: { monitor?: Monitor } = {};
  const receive = (signal: number): void => {
    if (watch.monitor === undefined) starter.leave(128 + signal);
    watch.monitor.receive(signal);
  };
  catchSignals(signalName(options.signal), inheritedIgnores(), receive);
  starter.catchOtherSignals(receive);
  const command = await starter.start({
    command: options.command,
    ownGroup: !options.foreground,
    deathSignal: options.signal,
    pipesOutput: options.idle > 0,
  });
  const monitor = new Monitor(options, command, mark);
  watch.monitor = monitor;
  const guard: { module?: typeof OrphanGuard } = {};
  if (mark !== undefined) {
    setTimeout(() => void startGuard(command.pid, mark, guard), GUARD_AFTER_MS);
  }
  const outcome = await monitor.outcome;
  // What a command that has ended by itself has left running may go on.
  if (mark !== undefined && !outcome.treeEnded) guard.module?.releaseTree(command.pid, mark);
  const ending = endingOf(outcome, options);
  report?.writeOutcome(options, command.pid, outcome, ending);
  return endLike(ending, { starter, command, outcome, options });
}

async function chooseStarter(): Promise<CommandStarter> {
  const native = loadAddon().addon?.commandLine();
  if (native !== undefined) return new NativeStarter(native);
  const { SpawnedStarter } = await import('./spawned-starter.js');
  return new SpawnedStarter();
}

async function startGuard(
  pid: number,
  mark: string,
  guard: { module?: typeof OrphanGuard },
): Promise<void> {
  const module = await import('../../strategy/process-tree/orphan-guard.js');
  // In one step: what is guarded can be released.
  guard.module = module;
  module.guardTree(pid, mark, GUARD_GRACE_SECONDS);
}

function endingOf({ end, timedOut, wasKilled }: MonitorOutcome, options: RunOptions): Ending {
  const { SIGKILL } = constants.signals;
  // Sent to a group, that signal ends the monitor too.
  if (wasKilled && !options.foreground) return { signal: SIGKILL };
  return chooseEnding(end ?? { exitCode: undefined, signal: SIGKILL, dumpedCore: false }, {
    timedOut: timedOut !== undefined,
    preserveStatus: options.preserveStatus,
  });
}

function endLike(
  ending: Ending,
  parts: {
    readonly starter: CommandStarter;
    readonly command: CommandProcess;
    readonly outcome: MonitorOutcome;
    readonly options: RunOptions;
  },
): never {
  const { starter, command, outcome, options } = parts;
  if (outcome.end?.dumpedCore === true) printMessage('the monitored command dumped core');
  if (outcome.wasKilled && !options.foreground) command.sendToGroup(constants.signals.SIGKILL);
  return 'status' in ending ? starter.leave(ending.status) : starter.dieBySignal(ending.signal);
}
