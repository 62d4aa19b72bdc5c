import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import test from 'ava';
import { run, runSync, Timeout, type TimeoutError, type TimeoutMessage } from 'hardstop';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { runSource } from '../harness/run-fixture.js';
import { stageOfForce, strategies, testEachStrategy } from '../harness/strategies.js';
import { loopForever } from '../harness/work.js';

function messagesDuring(work: () => void): TimeoutMessage[] {
  const messages: TimeoutMessage[] = [];
  const listener = (message: unknown): unknown => messages.push(message as TimeoutMessage);
  subscribe('hardstop:timeout', listener);
  work();
  unsubscribe('hardstop:timeout', listener);
  return messages;
}

testEachStrategy('each timeout is published once on `hardstop:timeout`', (t, strategy) => {
  const scope = new Timeout(5, { strategy, name: 'parse' });
  let error: TimeoutError | undefined;
  const messages = messagesDuring(() => {
    error = timeoutOf(t, () => scope.runSync(loopForever));
  });
  t.is(messages.length, 1);
  t.is(messages[0]?.error, error);
  t.is(messages[0]?.scope, scope);
  t.is(messages[0]?.name, 'parse');
});

testEachStrategy('a suppressed timeout is published too', (t, strategy) => {
  const messages = messagesDuring(() => {
    runSync(loopForever, { timeout: 5, strategy, default: 0 });
    runSync(loopForever, { timeout: 0, strategy, error: false });
  });
  const [stopped, refused] = messages.map(({ error }) => error.stage);
  t.regex(stopped ?? '', stageOfForce(strategy));
  t.is(refused, 'refused');
  t.is(messages.length, 2);
});

testEachStrategy('what is no timeout is not published', (t, strategy) => {
  const messages = messagesDuring(() => {
    runSync(() => 1, { timeout: 60_000, strategy });
    outcomeOf(() =>
      runSync(
        () => {
          throw new Error('work');
        },
        { timeout: 60_000, strategy },
      ),
    );
  });
  t.deepEqual(messages, []);
});

test('a started timeout is published once', async (t) => {
  const seen: unknown[] = [];
  const listener = (message: unknown): void => {
    if ((message as TimeoutMessage).name === 'started')
      seen.push((message as TimeoutMessage).scope);
  };
  subscribe('hardstop:timeout', listener);
  const started = new Timeout(10, { name: 'started' });
  await run(function* () {
    started.start();
    try {
      yield new Promise(() => undefined);
    } catch (error) {
      t.is((error as TimeoutError).scope, started);
    }
  }, 60_000);
  unsubscribe('hardstop:timeout', listener);
  t.deepEqual(seen, [started]);
});

for (const strategy of strategies()) {
  const source = `
    import { runSync } from 'hardstop';
    runSync(() => { for (;;); }, { timeout: 5, strategy: '${strategy}', name: 'parse', default: 0 });
  `;

  test(`NODE_DEBUG=hardstop logs one line for each timeout [${strategy}]`, async (t) => {
    const child = await runSource(source, { env: { NODE_DEBUG: 'hardstop' } });
    t.is(child.code, 0, child.stderr);
    const lines = child.stderr.split('\n').filter((line) => line.startsWith('HARDSTOP '));
    t.is(lines.length, 1, child.stderr);
    t.regex(lines[0] ?? '', /^HARDSTOP \d+: Timed out after 5 ms: `parse` \(/);
    t.regex(lines[0] ?? '', /elapsed [\d.]+ ms, strategy (native|vm), stage \w+, stopped true/);
  });

  test(`without NODE_DEBUG nothing is logged [${strategy}]`, async (t) => {
    const child = await runSource(source, { env: { NODE_DEBUG: undefined } });
    t.is(child.stderr, '');
  });
}
