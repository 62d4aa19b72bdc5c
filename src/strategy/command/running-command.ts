import type { ChildProcess } from 'node:child_process';
import * as timers from 'node:timers';
import { now } from '../../clock.js';
import { startOrphanGuard } from '../process-tree/orphan-guard.js';
import type { TreeEndReport } from '../process-tree/tree-end.js';
import { newTreeMark } from '../process-tree/tree-mark.js';
import type { CommandEnd, CommandFailure } from './command-end.js';
import type { CommandRequest } from './command-request.js';
import { CommandStreams } from './command-streams.js';
import { IdleWatch } from './idle-watch.js';
import type { OutputCapture } from './output-capture.js';
import { OutputDrain } from './output-drain.js';
import { OutputFiles } from './output-files.js';
import { PlannedEnd } from './planned-end.js';
import { spawnCommand } from './spawn-command.js';

// As it is when this module is loaded: users' fake timers have no part in this.
const { setTimeout: startTimer, clearTimeout: stopTimer } = timers;

/** What is in the pipes is read for so long after the end, ms, however short the grace is. */
const LEAST_DRAIN_MS = 100;
/** How long the exit of a process that is dead is waited for, ms: however busy this thread was, its loop has to have a turn. */
const REAP_MS = 10_000;

/**
 * One process that runs a command, with its streams and the end of its tree. Owned by the thread that started it; all of
 * it happens on that thread's event loop but the end, which has a clock of its own.
 */
export class RunningCommand {
  readonly request: CommandRequest;
  readonly capture: OutputCapture;
  readonly startedAt: number = now();
  /** Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /** `undefined`: it could not be started. */
  readonly child: ChildProcess | undefined;
  /** Those that come through us; `undefined`: it could not be started. */
  streams: CommandStreams | undefined;
  #settle!: (end: CommandEnd) => void;
  #planned: PlannedEnd | undefined;
  #drain: OutputDrain | undefined;
  #idle: IdleWatch | undefined;
  #files: OutputFiles | undefined;
  #failure: CommandFailure | undefined;
  #exited: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  #closedAt: number | undefined;
  #isKilled: boolean = false;
  #isFinishing: boolean = false;
  #isSettled: boolean = false;

  /** @param onIdle called when it has been silent for the request's `idleTimeout` */
  constructor(request: CommandRequest, capture: OutputCapture, onIdle: () => void) {
    this.request = request;
    this.capture = capture;
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    this.child = this.#spawn(onIdle);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get exitCode(): number | undefined {
    return this.#exited?.code ?? undefined;
  }

  get signal(): NodeJS.Signals | undefined {
    return this.#exited?.signal ?? undefined;
  }

  get hasExited(): boolean {
    return this.#exited !== undefined;
  }

  /** Plans the end by the clock, or moves it. */
  moveDeadlines(deadline: number, hardDeadline: number): void {
    this.#planned?.plan(deadline, hardDeadline);
  }

  /** Begins the end, with force at `hardAt`. */
  stop(hardAt: number): void {
    if (this.#isSettled || this.#planned === undefined) return;
    const isOver = this.#closedAt !== undefined && !this.#isFinishing;
    if (isOver) return;
    this.#planned.begin(hardAt);
    if (this.#exited !== undefined) this.#limitDrain();
    this.#endWithTree(this.#planned);
  }

  /** Ends it because its owner wants it, which is no timeout. */
  kill(signal: NodeJS.Signals | number, hardAt: number): void {
    if (this.#isSettled || this.#planned === undefined) return;
    this.#isKilled = true;
    this.#planned.signalWith(signal);
    this.stop(hardAt);
  }

  #spawn(onIdle: () => void): ChildProcess | undefined {
    const { request } = this;
    // First, as a process that has no guard from its start could outlive us.
    if (request.killTree) startOrphanGuard();
    const env = request.env ?? process.env;
    const marked = request.killTree ? newTreeMark(env) : { mark: undefined, env };
    let child: ChildProcess;
    try {
      this.#files = new OutputFiles(request);
      child = spawnCommand(request, marked.env);
    } catch (error) {
      this.#failToStart(error);
      return undefined;
    }
    const { pid } = child;
    child.once('error', (error) => {
      // Later ones are of signals that could not be sent.
      if (pid === undefined) this.#failToStart(error, child);
    });
    if (pid === undefined) return undefined;
    const scope = request.killTree ? 'tree' : 'root';
    this.#planned = new PlannedEnd(
      { pid, mark: marked.mark, scope },
      request.killSignal,
      request.grace,
    );
    this.#listen(child, onIdle);
    return child;
  }

  #listen(child: ChildProcess, onIdle: () => void): void {
    const { idleTimeout } = this.request;
    if (idleTimeout !== Infinity) {
      this.#idle = new IdleWatch(idleTimeout, () => this.streams?.isHeldUp === true, onIdle);
    }
    const onActivity = (): void => {
      this.#idle?.renew();
    };
    const streams = new CommandStreams(child, this.request, this.capture, onActivity);
    this.streams = streams;
    this.capture.listener = {
      onActivity,
      onOverflow: (stream) => {
        this.#fail({ kind: 'maxBuffer', stream });
      },
      onThrown: (error) => {
        this.#fail({ kind: 'callback', error });
      },
    };
    this.#files?.drain(child, {
      onActivity,
      onOverflow: (stream) => {
        this.capture.isTruncated = true;
        if (this.request.overflow === 'error') this.#fail({ kind: 'maxBuffer', stream });
      },
      onFailed: (error) => {
        this.#fail({ kind: 'file', error });
      },
    });
    child.once('exit', (code, signal) => {
      this.#exited = { code, signal };
      this.#idle?.stop();
      this.#drain = new OutputDrain(streams.output);
      streams.processEnded();
      this.#planned?.rootExited();
      this.#limitDrain();
    });
    child.once('close', () => {
      this.#closedAt = now();
      this.#drain?.stop();
      this.#finish();
    });
  }

  /** Others may hold output open: they have as long as the command would have had to end itself. */
  #limitDrain(): void {
    const left = (this.#planned?.hardAt ?? Infinity) - now();
    this.#drain?.within(Math.max(LEAST_DRAIN_MS, Math.min(this.request.grace, left)));
  }

  #finish(): void {
    const planned = this.#planned as PlannedEnd;
    if (planned.isDue) this.#endWithTree(planned);
    else {
      planned.release();
      void this.#written().then(() => {
        this.#conclude(undefined);
      });
    }
  }

  /** The end has begun: it is over when the tree is, the process was reaped, and its output has been read. */
  #endWithTree(planned: PlannedEnd): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    // By the clock it may be just about to.
    planned.begin(planned.hardAt);
    void planned.report().then(async (report) => {
      await this.#untilClosed(report);
      await this.#written();
      this.#conclude(report);
    });
  }

  async #untilClosed(report: TreeEndReport | undefined): Promise<void> {
    if (this.#closedAt !== undefined) return;
    const child = this.child as ChildProcess;
    const isStuck = report?.survivors.includes(child.pid as number) === true;
    await new Promise<void>((resolve) => {
      child.once('close', resolve);
      if (this.#exited !== undefined) return;
      const giveUp = startTimer(
        () => {
          if (this.#exited !== undefined) return;
          child.unref();
          this.streams?.destroy();
          resolve();
        },
        isStuck ? 0 : REAP_MS,
      );
      child.once('close', () => {
        stopTimer(giveUp);
      });
    });
  }

  #fail(failure: CommandFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.capture.deafen();
    this.stop(now() + this.request.grace);
  }

  #failToStart(error: unknown, child?: ChildProcess): void {
    for (const stream of [child?.stdin, child?.stdout, child?.stderr]) stream?.destroy();
    this.#files?.close();
    this.#failure = { kind: 'spawn', error };
    this.#conclude(undefined);
  }

  #conclude(tree: TreeEndReport | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#idle?.stop();
    this.capture.deafen();
    this.#settle({
      exitCode: this.exitCode,
      signal: this.signal,
      endedAt: this.#closedAt ?? now(),
      hasExited: this.child === undefined || this.#exited !== undefined,
      outputIncomplete:
        this.#drain?.hasCut === true || (this.pid !== undefined && this.#closedAt === undefined),
      tree,
      isKilled: this.#isKilled,
      failure: this.#failure,
    });
  }

  async #written(): Promise<void> {
    await this.#files?.written();
  }
}
