import type { CommandCall, CommandOutput, CommandReply } from '../../entry/command-messages.js';
import { fromShared, toShared } from '../../entry/shared-clock.js';
import { fromTransferable } from '../../errors/transfer.js';
import { now } from '../../clock.js';
import { STOPPED, type Stop, type Strategy } from '../strategy.js';
import { startBridgeCall, type BridgeCall } from '../sync-bridge/bridge-call.js';
import { uninterrupted } from '../uninterrupted.js';
import type { CommandEnd, CommandFailure } from './command-end.js';
import { commandFailure } from './command-failure.js';
import { commandOutcome } from './command-outcome.js';
import type { CommandRequest } from './command-request.js';
import { commandResult, type CommandResult } from './command-result.js';
import type { Output, OutputCapture } from './output-capture.js';

/** How long after the hard deadline the bridge has to answer, ms: a process may be stuck in the kernel. */
const ANSWER_MS = 5_000;

/** A command that is run while its caller blocks. */
export class BlockingCommand {
  readonly request: CommandRequest;
  readonly capture: OutputCapture;
  readonly check: boolean;
  readonly startedAt: number = now();
  pid: number | undefined;
  end: CommandEnd | undefined;
  call: BridgeCall | undefined;
  /** It was ended for its silence. */
  isIdle: boolean = false;

  /** @param check whether an exit code other than 0 is an error */
  constructor(request: CommandRequest, capture: OutputCapture, check: boolean) {
    this.request = request;
    this.capture = capture;
    this.check = check;
  }

  /** What is known of it now. */
  result(timedOut: boolean): CommandResult<Output> {
    const { pid, startedAt, end } = this;
    return commandResult(this.request, this.capture, { pid, startedAt, end, timedOut });
  }

  /** It is no longer waited for: it is ended at once. Does nothing for one that has ended. */
  abandon(): void {
    uninterrupted(() => this.call?.abandon());
  }
}

/** Starts the thread that runs blocking commands, if it does not run, and waits until it does. */
export function prepareBlockingCommands(until: number): void {
  if (isPrepared) return;
  const ready = uninterrupted(() => startBridgeCall('command', undefined));
  if (ready.wait(until) === 'answered') isPrepared = true;
  else ready.abandon();
}

let isPrepared = false;
let stop: Stop;

/** Runs a command in the bridge while this thread blocks. The tree is ended there, on time. */
export const commandStrategy: Strategy<BlockingCommand, undefined> = {
  name: 'process',

  run(work, _argument, deadline, hardDeadline, enclosingDeadline): unknown {
    const soft = Math.min(deadline, enclosingDeadline);
    const hard = Math.min(hardDeadline, enclosingDeadline);
    const message: CommandCall = {
      request: work.request,
      deadline: toShared(soft),
      hardDeadline: toShared(hard),
    };
    const call = uninterrupted(() => (work.call = startBridgeCall('command', message)));
    const callback: { failure: CommandFailure | undefined } = { failure: undefined };
    work.capture.listener = {
      onActivity: nothing,
      onOverflow: nothing,
      onThrown: (error) => {
        callback.failure = { kind: 'callback', error };
        call.stop(now() + work.request.grace);
      },
    };
    const waited = call.wait(hard + ANSWER_MS, (event) => {
      const { chunk, stream } = event as CommandOutput;
      work.capture.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), stream);
    });
    if (waited === 'expired') return stoppedBy(stopAt('abandoned', false, now()));
    const reply = call.take() as CommandReply;
    const end = (work.end = endOf(reply, callback.failure));
    work.pid = reply.pid;
    work.isIdle = reply.isIdle;
    return conclude(work, end, soft);
  },

  lastStop: () => stop,
};

function conclude(work: BlockingCommand, end: CommandEnd, planned: number): unknown {
  const deadline = work.isIdle ? end.endedAt : planned;
  work.capture.end('stdout');
  work.capture.end('stderr');
  const outcome = commandOutcome(end, deadline);
  if (outcome?.kind === 'stopped') {
    return stoppedBy(stopAt(outcome.stage, outcome.stopped, outcome.endedAt));
  }
  const result = work.result(false);
  const failure = commandFailure(work.request, end, result, work.check);
  if (failure !== undefined) throw failure.error;
  const isLate = !work.isIdle && outcome === undefined && end.endedAt >= deadline;
  return isLate ? stoppedBy(stopAt('late', true, end.endedAt)) : result;
}

function stopAt(stage: Stop['stage'], stopped: boolean, endedAt: number): Stop {
  return { reason: 'timeout', stage, stopped, endedAt, stuck: undefined, raised: undefined };
}

function stoppedBy(reason: Stop): typeof STOPPED {
  stop = reason;
  return STOPPED;
}

function endOf(reply: CommandReply, callback: CommandFailure | undefined): CommandEnd {
  const { end, failure, failureError } = reply;
  const known =
    failure !== undefined && failureError !== undefined
      ? ({ ...failure, error: fromTransferable(failureError) } as CommandFailure)
      : failure;
  const { tree } = end;
  return {
    ...end,
    endedAt: fromShared(end.endedAt),
    tree: tree === undefined ? undefined : { ...tree, endedAt: fromShared(tree.endedAt) },
    failure: callback ?? known,
  };
}

function nothing(): void {
  // The bridge sees to it.
}
