import test from 'ava';
import { runFixture, runSource } from '../harness/run-fixture.js';

test('require() gives the same module as import', async (t) => {
  const { stdout, stderr, code } = await runSource(`
    import { createRequire } from 'node:module';
    import * as imported from 'hardstop';
    const required = createRequire(import.meta.url)('hardstop');
    console.log(required.runSync === imported.runSync);
    console.log(required.runSync(() => 'value', 60_000));
  `);
  t.is(code, 0, stderr);
  t.is(stdout, 'true\nvalue\n');
});

for (const path of ['hardstop', 'hardstop/regex', 'hardstop/testing', 'hardstop/prompt']) {
  test(`a CommonJS program can require('${path}')`, async (t) => {
    const { code, stdout, stderr } = await runSource(`console.log(typeof require('${path}'))`, {
      type: 'commonjs',
    });
    t.is(code, 0, stderr);
    t.is(stdout, 'object\n');
  });
}

test('a program compiled to CommonJS can stop a loop', async (t) => {
  const { code, stdout, stderr } = await runFixture('pack/commonjs-consumer.cjs');
  t.is(code, 0, stderr);
  t.is(stdout, '42 true\n');
});
