import type { Readable, Writable } from 'node:stream';
import { now } from '../../clock.js';
import { CommandError } from '../../errors/command-error.js';
import { CommandTimeoutError } from '../../errors/command-timeout-error.js';
import { invalidOptionType } from '../../errors/invalid-option-error.js';
import { InvalidStateError } from '../../errors/invalid-state-error.js';
import type { OutputStream } from '../../strategy/command/command-request.js';
import type { CommandResult } from '../../strategy/command/command-result.js';
import { feedInput } from '../../strategy/command/feed-input.js';
import type { Output, OutputEncoding } from '../../strategy/command/output-capture.js';
import type { RunningCommand } from '../../strategy/command/running-command.js';
import { executeAsync } from '../async-execution.js';
import type { CallSite } from '../scope.js';
import { scopeOf, Timeout } from '../timeout.js';
import type { CommandWork } from './command-work.js';
import { executeCommand, type PreparedCommand } from './execute-command.js';
import { parseGrace, parseInput, parseSignal } from './parse-command.js';
import { ReadableOutput } from './readable-output.js';
import type { CommunicateOptions, KillOptions, WaitOptions } from './wait-options.js';

/**
 * A command that was started, for longer dealings with it. A wait that times out leaves it running and loses nothing: it
 * can be repeated. Its own limits, from the options that it was started with, end it.
 */
export class Command<O extends Output = string> implements AsyncIterable<string>, AsyncDisposable {
  readonly #work: CommandWork;
  readonly #encoding: OutputEncoding;
  readonly #promise: Promise<unknown>;
  readonly #output: Readonly<Record<OutputStream, ReadableOutput>>;
  #hasCommunicated: boolean = false;
  #isOver: boolean = false;

  /** Made by `startCommand` only. */
  constructor(prepared: PreparedCommand, encoding: OutputEncoding, callSite: CallSite) {
    this.#work = prepared.work;
    this.#encoding = encoding;
    this.#promise = executeCommand(prepared, callSite);
    // Whoever waits for it hears of it.
    const note = (): void => {
      this.#isOver = true;
    };
    this.#promise.then(note, note);
    this.#output = {
      stdout: new ReadableOutput('stdout', this.#running),
      stderr: new ReadableOutput('stderr', this.#running),
    };
  }

  /** `undefined`: it could not be started; `wait` says why. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** `undefined` while it runs, and when it died of a signal. */
  get exitCode(): number | undefined {
    return this.#running?.exitCode;
  }

  /** The signal that it died of. */
  get signal(): NodeJS.Signals | undefined {
    return this.#running?.signal;
  }

  /** Whether its process has not ended. */
  get isRunning(): boolean {
    return this.pid !== undefined && this.#running?.hasExited === false;
  }

  /** Its standard input, unless that was put elsewhere. That the command no longer reads is not an error. */
  get stdin(): Writable | undefined {
    return this.#running?.child?.stdin ?? undefined;
  }

  /** Its standard output, unless that was put elsewhere. Nothing of it is lost before it is read. */
  get stdout(): Readable | undefined {
    return this.#output.stdout.stream;
  }

  /** Its standard error, unless that was put elsewhere, or where standard output goes. */
  get stderr(): Readable | undefined {
    return this.#output.stderr.stream;
  }

  /**
   * Waits for its end. Output that nobody has begun to read is kept, and is in the result.
   *
   * @throws (rejects with) CommandTimeoutError when the wait has timed out: with stage `'abandoned'`, as the command runs
   *   on; as well as all that `runCommand` rejects with
   */
  wait(options: number | null | WaitOptions = {}): Promise<CommandResult<O>> {
    return this.#wait(options, Command.prototype.wait);
  }

  /**
   * Writes its input, closes that, and waits for its end; keeps all output. Again after a timeout it goes on where it was.
   *
   * @throws (rejects with) as {@link Command.wait}; InvalidStateError for more input in a later call, and while output is
   *   read otherwise
   */
  communicate(options: CommunicateOptions = {}): Promise<CommandResult<O>> {
    try {
      this.#exchange(parseInput(options.input));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#wait(options, Command.prototype.communicate);
  }

  /**
   * Its output by lines, without their ends, as they come; then its end is waited for, and thrown if it is an error. One
   * who leaves the loop may come back: the next call goes on with the next line.
   *
   * @throws InvalidStateError where that stream does not come to us, or is kept for `wait` and `communicate`
   */
  async *lines(stream: OutputStream = 'stdout'): AsyncGenerator<string, void, undefined> {
    const reader =
      this.pid === undefined
        ? undefined
        : this.#output[stream].lines(this.#encoding, this.#work.request.maxBuffer);
    for (let line = await reader?.next(); line !== undefined; line = await reader?.next()) {
      yield line;
    }
    await this.#promise;
  }

  /** The lines of its standard output. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.lines();
  }

  /**
   * Ends it with all that it has started: the soft signal now, SIGKILL after `grace`. Nothing happens to one that has ended.
   *
   * @returns how it ended, once all of it is gone; an exit code or signal is no error here
   */
  async kill({ signal, grace }: KillOptions = {}): Promise<CommandResult<O>> {
    const { request } = this.#work;
    const soft = signal === undefined ? request.killSignal : parseSignal(signal, 'signal');
    const hardAt = now() + (grace === undefined ? request.grace : parseGrace(grace));
    this.#keep();
    this.#running?.kill(soft, hardAt);
    await this.#running?.ended;
    await this.#untilRead();
    return this.#work.result(false) as CommandResult<O>;
  }

  /** Sends its process, and no other, a signal. `false`: it has ended. */
  sendSignal(signal: NodeJS.Signals | number): boolean {
    return this.isRunning && this.#running?.child?.kill(parseSignal(signal, 'signal')) === true;
  }

  /** Ends it at the end of a block: `await using command = startCommand(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get #running(): RunningCommand | undefined {
    return this.#work.running;
  }

  #wait(options: number | null | WaitOptions, callSite: CallSite): Promise<CommandResult<O>> {
    this.#keep();
    let scope;
    try {
      const given =
        typeof options === 'number' || options === null ? { timeout: options } : options;
      scope = scopeOf(new Timeout(given.timeout, given));
    } catch (error) {
      return Promise.reject(error);
    }
    // However short the wait is, there is none.
    if (this.#isOver) return this.#whole() as Promise<CommandResult<O>>;
    const { label } = this.#work;
    scope.outside = {
      strategy: 'cooperative',
      label,
      makeError: (fields) => new CommandTimeoutError(fields, this.#work.result(true)),
    };
    return executeAsync(scope, () => this.#whole(), callSite) as Promise<CommandResult<O>>;
  }

  /** How it ended, with the output that was still in our hands then. */
  async #whole(): Promise<CommandResult<Output>> {
    try {
      await this.#promise;
    } catch (error) {
      await this.#untilRead();
      if (error instanceof CommandError || error instanceof CommandTimeoutError) {
        const { timedOut } = error as CommandResult<Output>;
        Object.assign(error, this.#work.result(timedOut));
      }
      throw error;
    }
    await this.#untilRead();
    return this.#work.result(false);
  }

  async #untilRead(): Promise<void> {
    await this.#output.stdout.untilRead();
    await this.#output.stderr.untilRead();
  }

  #keep(): void {
    this.#output.stdout.keep();
    this.#output.stderr.keep();
  }

  #exchange(input: string | Uint8Array | undefined): void {
    this.#output.stdout.refuseIfRead();
    this.#output.stderr.refuseIfRead();
    if (!this.#hasCommunicated) {
      const { stdin } = this;
      if (stdin === undefined && input !== undefined && this.pid !== undefined) {
        throw invalidOptionType(
          'input',
          'absent where standard input does not come from us',
          input,
        );
      }
      this.#hasCommunicated = true;
      if (stdin?.writable === true) feedInput(stdin, input);
    } else if (input !== undefined) {
      throw new InvalidStateError('The input of the command has been given already');
    }
  }
}

/** A function, because the class is loaded with the first command. */
export function newCommand<O extends Output>(
  prepared: PreparedCommand,
  encoding: OutputEncoding,
  callSite: CallSite,
): Command<O> {
  return new Command<O>(prepared, encoding, callSite);
}
