import { now } from '../../clock.js';
import { CommandTimeoutError, updateCommandTimeout } from '../../errors/command-timeout-error.js';
import type { TimeoutError, TimeoutErrorFields } from '../../errors/timeout-error.js';
import type { CommandEnd } from '../../strategy/command/command-end.js';
import type { CommandRequest } from '../../strategy/command/command-request.js';
import { commandResult, type CommandResult } from '../../strategy/command/command-result.js';
import type { Output, OutputCapture } from '../../strategy/command/output-capture.js';
import { RunningCommand } from '../../strategy/command/running-command.js';
import type { CallOutcome, RunningCall } from '../../strategy/isolation/host.js';
import type { OutsideRun, OutsideWork } from '../outside-run.js';
import type { StrategyName } from '../../strategy/strategy.js';
import { commandFailure, commandLabel } from '../../strategy/command/command-failure.js';
import { commandOutcome } from '../../strategy/command/command-outcome.js';

/** A command as work of a scope. */
export class CommandWork implements OutsideWork {
  readonly strategy: StrategyName = 'process';
  readonly request: CommandRequest;
  readonly capture: OutputCapture;
  readonly check: boolean;
  readonly #isWhole: boolean;
  #running: RunningCommand | undefined;
  #end: CommandEnd | undefined;
  #error: CommandTimeoutError<Output> | undefined;
  /** When it is stopped by the clock; else when it was stopped. */
  #deadline: number = Infinity;

  /**
   * @param check whether an exit code other than 0 is an error
   * @param isWhole whether its input is given and its output taken from the start; else that is for others to do
   */
  constructor(request: CommandRequest, capture: OutputCapture, check: boolean, isWhole: boolean) {
    this.request = request;
    this.capture = capture;
    this.check = check;
    this.#isWhole = isWhole;
  }

  /** Stands in messages; most commands need none. */
  get label(): string {
    return commandLabel(this.request);
  }

  /** The process, once it was started. */
  get running(): RunningCommand | undefined {
    return this.#running;
  }

  start(run: OutsideRun): RunningCall {
    const { request } = this;
    const running = new RunningCommand(request, this.capture, () => {
      run.expireIdle(request.idleTimeout);
    });
    this.#running = running;
    const moveDeadlines = (deadline: number, hardDeadline: number): void => {
      this.#deadline = deadline;
      running.moveDeadlines(deadline, hardDeadline);
    };
    moveDeadlines(run.limits.deadline, run.limits.hardDeadline);
    if (this.#isWhole) running.streams?.exchangeAll();
    return {
      outcome: running.ended.then((end) => this.#conclude(end)),
      stop: (hardAt) => {
        if (this.#deadline === Infinity) this.#deadline = now();
        running.stop(hardAt);
      },
      moveDeadlines,
    };
  }

  makeError(fields: TimeoutErrorFields): TimeoutError {
    return (this.#error = new CommandTimeoutError(fields, this.result(true)));
  }

  /** What is known of the command now. */
  result(timedOut: boolean): CommandResult<Output> {
    return commandResult(this.request, this.capture, {
      pid: this.#running?.pid,
      startedAt: this.#running?.startedAt ?? NaN,
      end: this.#end,
      timedOut,
    });
  }

  #conclude(end: CommandEnd): CallOutcome {
    this.#end = end;
    const stopped = commandOutcome(end, this.#deadline);
    if (stopped !== undefined) {
      if (this.#error !== undefined) updateCommandTimeout(this.#error, this.result(true));
      if (stopped.kind === 'stopped') return stopped;
    }
    const endedAt = stopped?.endedAt ?? end.endedAt;
    const result = this.result(false);
    const failure = commandFailure(this.request, end, result, this.check);
    return failure === undefined
      ? { kind: 'returned', value: result, endedAt }
      : { kind: 'threw', error: failure.error, endedAt };
  }
}
