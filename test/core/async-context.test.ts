import { AsyncLocalStorage, AsyncResource, executionAsyncId } from 'node:async_hooks';
import test from 'ava';
import { captureAsyncContext, restoreAsyncContext } from '#internal/core/async-context.js';
import { runFixture } from '../harness/run-fixture.js';
import { strategies } from '../harness/strategies.js';

const [major] = process.versions.node.split('.').map(Number) as [number];

// Where Node keeps stores: the default of this version, and the other way where a flag selects it.
const STORE_FLAGS: readonly string[] =
  major === 22
    ? ['--experimental-async-context-frame']
    : major === 24
      ? ['--no-async-context-frame']
      : [];

for (const strategy of strategies()) {
  for (const hooks of ['no hooks', 'hooks']) {
    for (const flag of ['', ...STORE_FLAGS]) {
      test(`stores, ids and hooks are as before after a stop [${strategy}, ${hooks}${flag}]`, async (t) => {
        const nodeFlags = flag === '' ? [] : [flag];
        const { code, stdout, stderr } = await runFixture('async-context/restored-after-stop', {
          args: [strategy, hooks],
          nodeFlags,
          timeoutMs: 60_000,
        });
        t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '10\n', stderr: '' });
      });
    }
  }
}

test('nothing is changed where the work has left nothing', (t) => {
  const storage = new AsyncLocalStorage<string>();
  const resource = new AsyncResource('TEST');
  resource.runInAsyncScope(() => {
    storage.run('store', () => {
      const before = executionAsyncId();
      restoreAsyncContext(captureAsyncContext());
      t.is(executionAsyncId(), before);
      t.is(storage.getStore(), 'store');
    });
  });
});

test('looking at the context warns about nothing, deprecations included', async (t) => {
  const { code, stderr } = await runFixture('async-context/restored-after-stop', {
    args: ['vm'],
    nodeFlags: ['--pending-deprecation', '--throw-deprecation'],
    timeoutMs: 60_000,
  });
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});
