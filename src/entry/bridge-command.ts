import { toTransferable } from '../errors/transfer.js';
import { OutputCapture } from '../strategy/command/output-capture.js';
import { RunningCommand } from '../strategy/command/running-command.js';
import { now } from '../clock.js';
import type { BridgeServe, ServedCall } from './bridge-service.js';
import type { CommandCall, CommandOutput, CommandReply } from './command-messages.js';
import { fromShared, toShared } from './shared-clock.js';

/** Runs a command for a thread that blocks meanwhile, and is handed its output as it comes. */
export const serveCommand: BridgeServe = async (message, call) => {
  const command = message as CommandCall;
  return command === undefined ? undefined : await runForCaller(command, call);
};

async function runForCaller(
  { request, deadline, hardDeadline }: NonNullable<CommandCall>,
  call: ServedCall,
): Promise<CommandReply> {
  let isIdle = false;
  const capture = new OutputCapture(
    request.maxBuffer,
    request.overflow,
    'buffer',
    (chunk, stream) => {
      const output: CommandOutput = { stream, chunk: chunk as Buffer };
      call.emit(output);
    },
  );
  const running = new RunningCommand(request, capture, () => {
    isIdle = true;
    running.stop(now() + request.grace);
  });
  running.moveDeadlines(fromShared(deadline), fromShared(hardDeadline));
  running.streams?.exchangeAll();
  call.onStop((instant) => {
    running.stop(instant);
  });
  const { failure, ...end } = await running.ended;
  const { tree } = end;
  return {
    pid: running.pid,
    end: {
      ...end,
      endedAt: toShared(end.endedAt),
      tree: tree === undefined ? undefined : { ...tree, endedAt: toShared(tree.endedAt) },
    },
    failure:
      failure !== undefined && 'error' in failure ? { ...failure, error: undefined } : failure,
    failureError:
      failure !== undefined && 'error' in failure ? toTransferable(failure.error) : undefined,
    durationMs: end.endedAt - running.startedAt,
    isIdle,
  };
}
