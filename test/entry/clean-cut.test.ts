import test from 'ava';
import { isCleanCut } from '#internal/entry/clean-cut.js';

const PROGRAM = 'file:///package/dist/chunk.js';

function stuckAt(...frames: readonly string[]): Error {
  const error = new Error('The work was here when its deadline struck');
  error.stack = [
    `${error.name}: ${error.message}`,
    ...frames.map((frame) => `    at ${frame}`),
  ].join('\n');
  return error;
}

test('a cut in the code of the task is clean, whatever has called the program', (t) => {
  t.true(
    isCleanCut(
      stuckAt(
        'spin (file:///tasks.js:3:9)',
        'RegExp.exec (<anonymous>)',
        `begin (${PROGRAM}:1:2)`,
        'process.processImmediate (node:internal/timers:476:21)',
      ),
      PROGRAM,
    ),
  );
});

test('a cut in a function of Node is not', (t) => {
  for (const frame of [
    'insert (node:internal/timers:380:5)',
    'node:internal/modules/esm/loader:1:1',
    'async node:internal/modules/esm/loader:1:1',
  ]) {
    t.false(
      isCleanCut(stuckAt(frame, 'task (file:///tasks.js:3:9)', `begin (${PROGRAM}:1:2)`), PROGRAM),
    );
  }
});
