import { runSync } from 'hardstop';

// What aborted before the work began stops it from starting; its reason is what is thrown.
const controller = new AbortController();
controller.abort(new Error('the client has gone'));

try {
  runSync(() => 'never run', { timeout: 500, signal: controller.signal });
} catch (error) {
  console.log((error as Error).message);
}

// And the scope has a signal of its own, for what listens to one.
runSync((scope) => {
  console.log('aborted yet?', scope.signal.aborted);
}, 5_000);
