import { AsyncResource } from 'node:async_hooks';
import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import type { ProcessOrder, ProcessReport } from '../../entry/process-messages.js';
import type { ProcessExit } from '../../errors/process-exit-error.js';
import { StrategyUnavailableError } from '../../errors/strategy-unavailable-error.js';
import { refuseEndlessStart } from '../endless-start.js';
import { entryUrl } from '../entry-url.js';
import type { HostOptions } from '../isolation/host.js';
import { startOrphanGuard } from '../process-tree/orphan-guard.js';
import { newTreeMark, treeDepth } from '../process-tree/tree-mark.js';
import { processFlags } from './process-flags.js';

// Events come in nobody's asynchronous context, not in that of whoever needed the process first.
let nobody: AsyncResource | undefined;

/** How long to wait, once a process has ended, for what it had sent before, ms. */
const DRAIN_LIMIT_MS = 1000;

const DEEPEST_NESTING = 32;

/** What the owner of a process is told of it. */
export interface HostProcessEvents {
  onReport(report: ProcessReport): void;
  /** It has ended and was reaped, and all that it had sent has been reported. Comes last, once. */
  onExit(exit: ProcessExit): void;
}

/** A child process of ours and the channel to it. Does not keep this process alive until it is told to. */
export class HostProcess {
  readonly pid: number;
  /** Finds its descendants. */
  readonly mark: string;
  readonly #child: ChildProcess;

  /** Starts it; returns before it has begun to run. */
  constructor(options: HostOptions, events: HostProcessEvents) {
    nobody ??= new AsyncResource('hardstop');
    const { mark, child } = nobody.runInAsyncScope(spawnChild, undefined, options);
    this.mark = mark;
    this.#child = child;
    this.pid = child.pid as number;
    this.unref();
    nobody.runInAsyncScope(listen, undefined, child, events);
    this.send({ kind: 'start', initializer: options.initializer });
  }

  /** @throws what the serializer throws for what cannot be sent; nothing was sent then */
  send(order: ProcessOrder): void {
    // The callback: that the process has gone is told by its exit.
    this.#child.send(order, () => undefined);
  }

  /** Closes the channel, upon which a process that is not stuck ends. */
  disconnect(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  ref(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }

  unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}

function spawnChild(options: HostOptions): {
  readonly mark: string;
  readonly child: ChildProcess;
} {
  const entry = fileURLToPath(entryUrl('process'));
  refuseEndlessStart('process');
  refuseTooDeep();
  const { execArgv, env: inherited } = processFlags(options.resourceLimits);
  const { mark, env } = newTreeMark(inherited);
  startOrphanGuard();
  let child: ChildProcess;
  try {
    child = fork(entry, {
      execArgv,
      env,
      serialization: 'advanced',
      // A session of its own: what is sent to our terminal's group is for us to pass on, and its group is its tree's.
      // On Windows it would be a console window of its own.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      windowsHide: true,
    } as Parameters<typeof fork>[2]);
  } catch (cause) {
    throw new StrategyUnavailableError('process', 'A process cannot be started here', { cause });
  }
  if (child.pid === undefined) {
    // The event that says why comes in a later turn: nobody waits for it.
    child.on('error', () => undefined);
    throw new StrategyUnavailableError('process', 'A process cannot be started here', {
      cause: new Error(`${process.execPath} could not be run`),
    });
  }
  return { mark, child };
}

/** Processes that start processes are rarely meant to; without a limit it takes the machine. */
function refuseTooDeep(): void {
  if (treeDepth(process.env) < DEEPEST_NESTING) return;
  throw new StrategyUnavailableError(
    'process',
    `Processes of hardstop are nested ${String(DEEPEST_NESTING)} deep here; one more is not started`,
  );
}

function listen(child: ChildProcess, events: HostProcessEvents): void {
  let exit: ProcessExit | undefined;
  let isDrained = false;
  let isOver = false;
  const settle = (): void => {
    if (isOver || exit === undefined) return;
    isOver = true;
    events.onExit(exit);
  };
  child.on('error', () => undefined);
  child.on('message', (report) => {
    events.onReport(report as unknown as ProcessReport);
  });
  child.once('disconnect', () => {
    isDrained = true;
    settle();
  });
  child.once('exit', (code, signal) => {
    exit = { exitCode: code ?? undefined, signal: signal ?? undefined, pid: child.pid };
    if (isDrained) settle();
    // The end of the channel follows, unless somebody else holds its other end.
    else setTimeout(settle, DRAIN_LIMIT_MS).unref();
  });
}
