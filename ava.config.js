// The tests of the addon itself have nothing to say where it is switched off.
const withoutAddon = process.env['HARDSTOP_DISABLE_NATIVE'] === '1';

export default {
  files: [
    'build/test/**/*.test.js',
    ...(withoutAddon ? ['!build/test/native/**', '!build/test/tools/**'] : []),
  ],
  // An addon that interrupts isolates must not share a process with the runner.
  workerThreads: false,
  // One file at a time: tests that spin take the cores from each other, and what they measure is time.
  concurrency: 1,
  // No test may go this long without a result; what may hang runs in a child with a hard kill. Tests that never yield tell
  // theirs together, those of a whole file: on a busy machine that may take a minute.
  timeout: '120s',
};
