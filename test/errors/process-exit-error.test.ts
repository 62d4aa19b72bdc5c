import test from 'ava';
import { ProcessExitError } from '#internal/errors/process-exit-error.js';
import { fromTransferable, toTransferable } from '#internal/errors/transfer.js';

const killed = { exitCode: undefined, signal: 'SIGKILL', pid: 4711 } as const;

test('ProcessExitError has its name inherited, a stable code, and says how the process ended', (t) => {
  const error = new ProcessExitError(killed);
  t.true(error instanceof Error);
  t.is(error.name, 'ProcessExitError');
  t.false(Object.hasOwn(error, 'name'));
  t.like(error, { code: 'ERR_HARDSTOP_PROCESS_EXIT', ...killed });
  t.regex(error.message, /signal SIGKILL/);
  const exited = new ProcessExitError({ exitCode: 3, signal: undefined, pid: 4711 });
  t.regex(exited.message, /exit code 3/);
  const aborted = new ProcessExitError({ ...killed, signal: 'SIGABRT' });
  t.regex(aborted.message, /signal SIGABRT: out of memory, or process\.abort\(\)/);
});

test('ProcessExitError keeps its class and fields between threads and processes', (t) => {
  const cause = new RangeError('inner');
  const error = new ProcessExitError(killed, 'gone', { cause });
  const arrived = fromTransferable(structuredClone(toTransferable(error))) as ProcessExitError;
  t.true(arrived instanceof ProcessExitError);
  t.like(arrived, { name: 'ProcessExitError', message: 'gone', ...killed });
  t.true(arrived.cause instanceof RangeError);
});
