/** Tests that repeat one thing for minutes: `npm run test:soak`. */
export default {
  files: ['build/test/soak/**/*.soak.js'],
  workerThreads: false,
  // Next to each other they would disturb each other's timing.
  concurrency: 1,
  timeout: '30m',
};
