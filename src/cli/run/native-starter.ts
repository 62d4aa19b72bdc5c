import { closeSync, read } from 'node:fs';
import { constants } from 'node:os';
import type { CommandLineFunctions } from '../../native/command-binding.js';
import type {
  CommandEnd,
  CommandProcess,
  CommandRequest,
  CommandStarter,
} from './command-process.js';
import { STATUS } from './exit-status.js';
import {
  exactArguments,
  inheritedDescriptors,
  inheritedIgnores,
  inheritedOpenFiles,
} from './inherited-environment.js';
import { quote } from './quote.js';
import { describeErrno, StartError } from './start-error.js';
import { sendSignal } from '../../strategy/process-tree/tree-view.js';

const { ENOENT } = constants.errno;
const { SIGTTIN, SIGTTOU } = constants.signals;
/** As many as a pipe holds. */
const PIPE_BYTES = 64 * 1024;

/** Starts commands as coreutils does: this process leads their group, within the session it was started in. */
export class NativeStarter implements CommandStarter {
  readonly #native: CommandLineFunctions;

  constructor(native: CommandLineFunctions) {
    this.#native = native;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- others have to wait
  async start(request: CommandRequest): Promise<CommandProcess> {
    const native = this.#native;
    if (request.ownGroup) native.leadGroup();
    // A monitor in the background does not stop when its command wants the terminal: it would not see the time pass.
    native.ignoreSignal(SIGTTIN);
    native.ignoreSignal(SIGTTOU);
    const pipes = request.pipesOutput ? [this.#openPipe(), this.#openPipe()] : [];
    const [output, errors] = pipes;
    const { pid, error, forked } = native.start({
      arguments: exactArguments(request.command),
      output: output?.[1] ?? -1,
      errors: errors?.[1] ?? -1,
      deathSignal: request.deathSignal,
      ignoredSignals: inheritedIgnores(),
      inherited: inheritedDescriptors(),
      openFiles: inheritedOpenFiles(),
    });
    if (pid === 0) throw startError(request.command[0], error, forked);
    // From here on only the command and what it starts can write to them.
    for (const [, writeEnd] of pipes) closeSync(writeEnd);
    const readEnds = output && errors && ([readPipe(output[0]), readPipe(errors[0])] as const);
    return new NativeCommand(native, pid, request.ownGroup ? process.pid : 0, readEnds);
  }

  catchOtherSignals(receive: (signal: number) => void): void {
    const [readEnd, writeEnd] = this.#openPipe();
    void receiveAll(readPipe(readEnd), receive);
    this.#native.relayRealTimeSignals(writeEnd);
  }

  leave(status: number): never {
    return this.#native.leave(status);
  }

  dieBySignal(signal: number): never {
    this.#native.dieBySignal(signal);
    return this.#native.leave(128 + signal);
  }

  #openPipe(): readonly [number, number] {
    const pipe = this.#native.openPipe();
    if (pipe === undefined) throw new StartError('cannot make a pipe', STATUS.failed);
    return pipe;
  }
}

class NativeCommand implements CommandProcess {
  readonly pid: number;
  readonly group: number;
  readonly output: CommandProcess['output'];
  readonly #native: CommandLineFunctions;

  constructor(
    native: CommandLineFunctions,
    pid: number,
    group: number,
    output: CommandProcess['output'],
  ) {
    this.#native = native;
    this.pid = pid;
    this.group = group;
    this.output = output;
  }

  takeEnd(): CommandEnd | undefined {
    const end = this.#native.reap(this.pid);
    return end && { ...end, exitCode: end.signal === 0 ? end.exitCode : undefined };
  }

  onEnd(listener: () => void): void {
    process.on('SIGCHLD', listener);
    setImmediate(listener);
  }

  send(signal: number): void {
    sendSignal(this.pid, signal);
  }

  sendToGroup(signal: number): void {
    // It reaches this process too, and would be passed on without end.
    if (signal !== 0) this.#native.ignoreSignal(signal);
    sendSignal(0, signal);
  }
}

async function receiveAll(
  signals: AsyncIterable<Uint8Array>,
  receive: (signal: number) => void,
): Promise<void> {
  for await (const numbers of signals) for (const number of numbers) receive(number);
}

/** Its reads block a thread of Node's, not this one. */
async function* readPipe(descriptor: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(PIPE_BYTES);
  try {
    for (;;) {
      const length = await readSome(descriptor, buffer);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

function readSome(descriptor: number, buffer: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, buffer, 0, buffer.length, null, (error, length) => {
      if (error === null) resolve(length);
      else reject(error);
    });
  });
}

function startError(name: string, error: number, forked: boolean): StartError {
  const reason = describeErrno(error);
  if (!forked) return new StartError(`fork system call failed: ${reason}`, STATUS.failed);
  const status = error === ENOENT ? STATUS.notFound : STATUS.cannotInvoke;
  return new StartError(`failed to run command ${quote(name)}: ${reason}`, status);
}
