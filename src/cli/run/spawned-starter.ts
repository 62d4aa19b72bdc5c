import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { sendSignal } from '../../strategy/process-tree/tree-view.js';
import type {
  CommandEnd,
  CommandProcess,
  CommandRequest,
  CommandStarter,
} from './command-process.js';
import { STATUS } from './exit-status.js';
import { quote } from './quote.js';
import { describeErrno, StartError } from './start-error.js';

/**
 * Starts commands by Node's own means, where there is no addon. To have a group of its own a command gets a session of its
 * own too: it has no terminal then that Ctrl-C could reach it by, and is passed the signal by its monitor instead.
 */
export class SpawnedStarter implements CommandStarter {
  catchOtherSignals(): void {
    // There is no means.
  }

  start({ command, ownGroup, pipesOutput }: CommandRequest): Promise<CommandProcess> {
    const [name, ...args] = command;
    const detached = ownGroup && process.platform !== 'win32';
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        reject(startError(name, error));
      };
      try {
        const stdio: StdioOptions = pipesOutput ? ['inherit', 'pipe', 'pipe'] : 'inherit';
        const child: ChildProcess = spawn(name, args, { detached, stdio });
        child.once('error', fail);
        child.once('spawn', () => {
          resolve(new SpawnedCommand(child, detached));
        });
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    });
  }

  leave(status: number): never {
    process.exit(status);
  }

  dieBySignal(signal: number): never {
    process.removeAllListeners();
    sendSignal(process.pid, signal);
    process.exit(128 + signal);
  }
}

class SpawnedCommand implements CommandProcess {
  readonly pid: number;
  readonly group: number;
  readonly output: CommandProcess['output'];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, leadsGroup: boolean) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.group = leadsGroup ? this.pid : 0;
    const { stdout, stderr } = child;
    this.output = stdout && stderr ? [stdout, stderr] : undefined;
  }

  takeEnd(): CommandEnd | undefined {
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) {
      return { exitCode: undefined, signal: constants.signals[signalCode], dumpedCore: false };
    }
    return exitCode === null ? undefined : { exitCode, signal: 0, dumpedCore: false };
  }

  onEnd(listener: () => void): void {
    this.#child.once('exit', listener);
    setImmediate(listener);
  }

  send(signal: number): void {
    // Afterwards its id may be another's.
    if (this.takeEnd() === undefined) sendSignal(this.pid, signal);
  }

  sendToGroup(signal: number): void {
    if (this.group > 0) sendSignal(-this.group, signal);
  }
}

function startError(name: string, { code, errno = 0 }: NodeJS.ErrnoException): StartError {
  // Node does not try the empty name.
  const isMissing = code === 'ENOENT' || name === '';
  const status = isMissing ? STATUS.notFound : STATUS.cannotInvoke;
  const reason = describeErrno(isMissing ? constants.errno.ENOENT : Math.abs(errno));
  return new StartError(`failed to run command ${quote(name)}: ${reason}`, status);
}
