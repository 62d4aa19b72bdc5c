import { isTimeoutError, runSync } from 'hardstop';

try {
  runSync((scope) => {
    scope.defer(() => {
      console.log('first opened, last closed');
    });
    scope.use({
      [Symbol.dispose]() {
        console.log('last opened, first closed');
      },
    });
    try {
      for (;;);
    } finally {
      console.log('never printed: a hard stop runs no finally');
    }
  }, 300);
} catch (error) {
  console.log(isTimeoutError(error) ? `then ${error.name}` : error);
}
