export default {
  files: ['build/test/**/*.test.js'],
  // An addon that interrupts isolates must not share a process with the runner.
  workerThreads: false,
  // No test may go this long without a result; what may hang runs in a child with a hard kill.
  timeout: '60s',
};
