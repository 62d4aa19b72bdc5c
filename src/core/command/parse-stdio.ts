import { invalidOptionRange, invalidOptionType } from '../../errors/invalid-option-error.js';
import type {
  CommandRequest,
  InputSource,
  OutputTarget,
} from '../../strategy/command/command-request.js';
import { parseFlag, parsePath, parseSize } from './parse-values.js';

/** What else has a say in where the streams go. */
interface StdioContext {
  readonly hasInput: boolean;
  readonly stdinDefault: 'ignore' | 'pipe';
  readonly mergeStderr: boolean;
}

/** Where they come from and go to. */
export type Streams = Pick<CommandRequest, 'stdin' | 'stdout' | 'stderr'>;

/** Where the streams of a command come from and go to. */
export function parseStdio(stdio: unknown, context: StdioContext): Streams {
  const { hasInput, stdinDefault, mergeStderr } = context;
  const isOneWord =
    stdio === undefined || stdio === 'pipe' || stdio === 'ignore' || stdio === 'inherit';
  if (!isOneWord && (!Array.isArray(stdio) || stdio.length > 3)) {
    throw invalidOptionType(
      'stdio',
      "'pipe', 'ignore', 'inherit' or an array of up to three",
      stdio,
    );
  }
  const [input, stdout, stderr] = isOneWord
    ? ([stdio, stdio, stdio] as const)
    : (stdio as readonly unknown[]);
  if (hasInput && input !== undefined && input !== null && input !== 'pipe') {
    throw invalidOptionType('stdio[0]', "'pipe' or absent beside `input`", input);
  }
  if (mergeStderr && !isOneWord && stderr !== undefined && stderr !== null) {
    throw invalidOptionType('stdio[2]', 'absent beside `mergeStderr`', stderr);
  }
  return {
    stdin: hasInput ? 'pipe' : parseInput(input, stdinDefault),
    stdout: parseOutput(stdout, 'stdio[1]'),
    stderr: parseOutput(mergeStderr ? stdout : stderr, 'stdio[2]'),
  };
}

function parseInput(source: unknown, otherwise: 'ignore' | 'pipe'): InputSource {
  const common = parseCommon(source, 'stdio[0]', otherwise);
  if (common !== undefined) return common;
  const { file } = source as { readonly file?: unknown };
  return { file: requirePath(file, 'stdio[0].file') };
}

function parseOutput(target: unknown, option: string): OutputTarget {
  const common = parseCommon(target, option, 'pipe');
  if (common !== undefined) return common;
  const { file, append, maxSize } = target as Record<string, unknown>;
  return {
    file: requirePath(file, `${option}.file`),
    append: parseFlag(append, `${option}.append`, false),
    maxSize: parseSize(maxSize, `${option}.maxSize`) ?? Infinity,
  };
}

/** `undefined`: an object, which is for the caller to read. */
function parseCommon(
  value: unknown,
  option: string,
  otherwise: 'ignore' | 'pipe',
): 'pipe' | 'ignore' | 'inherit' | number | undefined {
  if (value === undefined || value === null) return otherwise;
  if (value === 'pipe' || value === 'ignore' || value === 'inherit') return value;
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) return value;
    throw invalidOptionRange(option, 'a descriptor', value);
  }
  if (typeof value === 'object') return undefined;
  throw invalidOptionType(option, "'pipe', 'ignore', 'inherit', a descriptor or { file }", value);
}

function requirePath(value: unknown, option: string): string {
  const path = parsePath(value, option);
  if (path === undefined) throw invalidOptionType(option, 'a path or a file: URL', value);
  return path;
}
