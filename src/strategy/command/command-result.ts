import { now } from '../../clock.js';
import type { CommandEnd } from './command-end.js';
import type { CommandRequest } from './command-request.js';
import type { Output, OutputCapture } from './output-capture.js';

/** What a command came to. */
export interface CommandResult<O extends Output = string> {
  readonly command: string;
  readonly args: readonly string[];
  /** `undefined`: it was not started. */
  readonly pid: number | undefined;
  /** `undefined`: it was not started, or died of a signal. */
  readonly exitCode: number | undefined;
  /** The signal that it died of. */
  readonly signal: NodeJS.Signals | undefined;
  /** What it printed; with `mergeStderr` on both streams. Empty where it went elsewhere. */
  readonly stdout: O;
  readonly stderr: O;
  /** What it printed on both, in the order in which it came. */
  readonly all: O;
  /** From its start until its output was read to the end, ms. */
  readonly durationMs: number;
  /** Whether its time was over. */
  readonly timedOut: boolean;
  /** What ended the last of its processes that was ended: nothing of ours, the soft signal, or SIGKILL. */
  readonly endedBy: 'itself' | 'soft' | 'hard';
  /** Others held its output open after its end, and were not waited for any longer. */
  readonly outputIncomplete: boolean;
  /** It printed more than was kept. */
  readonly outputTruncated: boolean;
}

/** What is known of a command besides its output. */
export interface CommandState {
  readonly pid: number | undefined;
  readonly startedAt: number;
  /** `undefined`: it has not ended, or was not started. */
  readonly end: CommandEnd | undefined;
  readonly timedOut: boolean;
}

/** Puts together what there is to say of a command. */
export function commandResult(
  { file, args }: CommandRequest,
  capture: OutputCapture,
  { pid, startedAt, end, timedOut }: CommandState,
): CommandResult<Output> {
  const stdout = capture.read('stdout');
  const stderr = capture.read('stderr');
  const step = end?.tree?.step ?? 'none';
  return {
    command: file,
    args,
    pid,
    exitCode: end?.exitCode,
    signal: end?.signal,
    stdout,
    stderr,
    all: stderr.length === 0 ? stdout : stdout.length === 0 ? stderr : capture.read('all'),
    durationMs: pid === undefined ? 0 : (end?.endedAt ?? now()) - startedAt,
    timedOut,
    endedBy: step === 'none' ? 'itself' : step,
    outputIncomplete: end?.outputIncomplete ?? false,
    outputTruncated: capture.isTruncated,
  };
}
