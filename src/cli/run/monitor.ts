import { constants } from 'node:os';
import { now } from '../../clock.js';
import { Alarm } from './alarm.js';
import type { CommandEnd, CommandProcess } from './command-process.js';
import type { CommandTree } from './command-tree.js';
import type { RunOptions } from './options.js';
import { OutputRelay } from './output-relay.js';
import { quote } from './quote.js';
import { printMessage } from './message.js';
import { signalName } from './signal-names.js';

const { SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM } = constants.signals;

/** What asks for an end: what it leaves of the tree is ended too. */
const ENDING = new Set<number>([SIGHUP, SIGINT, SIGQUIT, SIGTERM]);
/** For what is left of the tree when the command has ended, where no `--kill-after` says it; ms from the first signal. */
const GRACE_OF_DESCENDANTS = 1000;
/** Commands that take less do not pay for what is needed to end them, ms. */
const LOAD_AFTER_MS = 20;
/** A command that does not die of SIGKILL is not waited for longer, ms. */
const GIVE_UP_AFTER = 1000;
/** How long the reader of a command that had to be ended is waited for, ms. */
const READER_GRACE = 200;

/** What has happened to a command. */
export interface MonitorOutcome {
  /** `undefined`: it has not died of SIGKILL, and was given up. */
  readonly end: CommandEnd | undefined;
  /** Which limit has struck first, if one has. */
  readonly timedOut: 'duration' | 'idle' | undefined;
  /** Signals in the order in which they were sent, and when: ms from the start. */
  readonly sent: readonly { readonly signal: string; readonly at: number }[];
  readonly wasKilled: boolean;
  /** Whether all of the tree was ended with the command; else what the command has left running goes on. */
  readonly treeEnded: boolean;
  /** What is left of a tree that was to be ended. */
  readonly survivors: readonly number[];
  readonly durationMs: number;
}

/** Sees to it that a command that was started ends in time, as coreutils' `timeout` does. */
export class Monitor {
  readonly outcome: Promise<MonitorOutcome>;
  readonly #options: RunOptions;
  readonly #command: CommandProcess;
  readonly #mark: string | undefined;
  readonly #startedAt = now();
  readonly #sent: { readonly signal: string; readonly at: number }[] = [];
  readonly #limit = new Alarm(() => {
    this.#expire('duration');
  });
  readonly #idle = new Alarm(() => {
    this.#onIdle();
  });
  readonly #relay: OutputRelay | undefined;
  #resolve!: (outcome: MonitorOutcome) => void;
  #end: CommandEnd | undefined;
  #tree: CommandTree | undefined;
  #timedOut: MonitorOutcome['timedOut'];
  /** What is sent when time is up. */
  #signal: number;
  #killAfter: number;
  /** When force is used on what is left; set by the first signal. */
  #killAt = Infinity;
  #wasAsked = false;
  #wasKilled = false;

  /** @param mark - what the command was started with, if its tree is to be ended. */
  constructor(options: RunOptions, command: CommandProcess, mark: string | undefined) {
    this.#options = options;
    this.#command = command;
    this.#mark = mark;
    this.#signal = options.signal;
    this.#killAfter = options.killAfter;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    // Signals alone, the command's end among them, would not keep the process alive.
    new Alarm(() => undefined).set(Infinity);
    if (options.duration > 0) this.#limit.set(options.duration);
    if (command.output !== undefined) {
      this.#relay = new OutputRelay(command.output, this.#onOutput);
      this.#idle.set(options.idle);
    }
    command.onEnd(this.#onEnd);
    if (mark !== undefined) setTimeout(() => void this.#loadTree(mark), LOAD_AFTER_MS).unref();
  }

  /** A signal that this process was sent. */
  receive(signal: number): void {
    // By then there is only the rest of the tree to wait for.
    if (this.#end !== undefined) this.#tree?.kill();
    else if (signal === SIGALRM) this.#expire('duration');
    else this.#strike(signal);
  }

  readonly #onOutput = (): void => {
    this.#idle.postpone(this.#options.idle);
  };

  #onIdle(): void {
    // Who waits to be read is not silent.
    if (this.#relay?.isHeldUp === true) this.#idle.set(this.#options.idle);
    else this.#expire('idle');
  }

  #expire(limit: 'duration' | 'idle'): void {
    this.#timedOut ??= limit;
    this.#strike(this.#signal);
  }

  /** The first of them begins the time to SIGKILL. */
  #strike(signal: number): void {
    if (this.#end !== undefined) return;
    if (ENDING.has(signal)) this.#wasAsked = true;
    if (this.#killAfter > 0) {
      this.#signal = SIGKILL;
      this.#killAt = now() + this.#killAfter;
      new Alarm(() => {
        this.#expire('duration');
      }).set(this.#killAfter);
      this.#killAfter = 0;
    }
    this.#noteSignal(signal);
    // Needed before the first signal: afterwards its members may have lost their parents.
    if (this.#mark === undefined || this.#tree !== undefined) this.#deliver(signal);
    else void this.#loadTree(this.#mark).then(() => this.#deliver(signal));
  }

  /** Later than the command is started, which it would delay. */
  async #loadTree(mark: string): Promise<void> {
    const { CommandTree: Tree } = await import('./command-tree.js');
    // Then its id may be another's already.
    if (this.#end !== undefined || this.#tree !== undefined) return;
    const tree = await Tree.open(this.#command.pid, mark);
    this.#tree ??= tree;
  }

  #deliver(signal: number): void {
    if (this.#end !== undefined) return;
    if (signal === SIGKILL) this.#kill();
    else this.#send(signal);
  }

  #noteSignal(signal: number): void {
    const name = signalName(signal);
    this.#sent.push({ signal: name, at: now() - this.#startedAt });
    if (!this.#options.verbose) return;
    printMessage(`sending signal ${name} to command ${quote(this.#options.command[0])}`);
  }

  #send(signal: number): void {
    const command = this.#command;
    const strays = this.#tree?.findStrays(command.group) ?? [];
    // Itself first, since it may have made a group of its own.
    command.send(signal);
    if (!this.#options.foreground) {
      command.sendToGroup(signal);
      if (signal !== SIGCONT) {
        command.send(SIGCONT);
        command.sendToGroup(SIGCONT);
      }
    }
    this.#tree?.send(strays, signal);
  }

  /** All but this process; that goes the same way when it has seen the others end. */
  #kill(): void {
    this.#wasKilled = true;
    this.#command.send(SIGKILL);
    this.#tree?.kill();
    new Alarm(() => {
      if (this.#end === undefined) void this.#finish();
    }).set(GIVE_UP_AFTER);
  }

  readonly #onEnd = (): void => {
    if (this.#end !== undefined) return;
    this.#end = this.#command.takeEnd();
    if (this.#end !== undefined) void this.#finish();
  };

  async #finish(): Promise<void> {
    const endedAt = now();
    const survivors = await this.#endTree();
    await this.#relay?.passOnRest(this.#timedOut === undefined ? Infinity : READER_GRACE);
    this.#resolve({
      end: this.#end,
      timedOut: this.#timedOut,
      sent: this.#sent,
      wasKilled: this.#wasKilled,
      treeEnded: this.#endsTree,
      survivors,
      durationMs: endedAt - this.#startedAt,
    });
  }

  /** A command that ends by itself may leave something running, one that was ended not. */
  get #endsTree(): boolean {
    return this.#tree !== undefined && (this.#timedOut !== undefined || this.#wasAsked);
  }

  async #endTree(): Promise<readonly number[]> {
    if (!this.#endsTree) return [];
    const firstSignalAt = this.#startedAt + (this.#sent[0]?.at ?? 0);
    const killAt = this.#killAt === Infinity ? firstSignalAt + GRACE_OF_DESCENDANTS : this.#killAt;
    return (await this.#tree?.end(this.#wasKilled ? 0 : Math.max(killAt - now(), 0))) ?? [];
  }
}
