import test from 'ava';
import { Timeout } from '#internal/core/timeout.js';
import { SoftSignal } from '#internal/entry/soft-signal.js';
import { spin } from '../harness/work.js';

test.serial(
  'the scope of a task is told of the deadline before those who listen for SIGTERM',
  async (t) => {
    for (let i = 0; i < 20; i++) {
      const deadline = performance.now() + 5;
      const signal = new SoftSignal();
      const scope = new Timeout(undefined, { deadline, grace: 60_000 });
      let wasTold: boolean | undefined;
      const raised = new Promise<void>((resolve) => {
        process.once('SIGTERM', () => {
          wasTold = scope.signal.aborted;
          resolve();
        });
      });
      // Both are late, and in either order.
      if (i % 2 === 0) signal.arm(deadline);
      const outcome = scope.run(() => raised);
      if (i % 2 === 1) signal.arm(deadline);
      if (i % 4 < 2) spin(10);
      await t.throwsAsync(outcome, { name: 'TimeoutError' });
      t.true(wasTold);
      t.is(scope.state, 'timed_out');
    }
  },
);

test.serial('a signal that was called off is not raised', async (t) => {
  const listener = (): void => t.fail();
  process.once('SIGTERM', listener);
  const signal = new SoftSignal();
  signal.arm(performance.now() + 1);
  signal.disarm();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('SIGTERM', listener);
  t.pass();
});
