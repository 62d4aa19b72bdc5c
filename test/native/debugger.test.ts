import test from 'ava';
import { runFixture, runSource } from '../harness/run-fixture.js';
import { testEachStrategy } from '../harness/strategies.js';

interface Report {
  readonly pauses: number;
  readonly outcome: string;
  readonly elapsed: number;
}

const PAUSE_MS = 500;

async function pauseInside(
  debug: string,
  strategy: string,
  env: Record<string, string> = {},
): Promise<Report> {
  const child = await runFixture('native/paused-work', {
    args: [debug, strategy, String(PAUSE_MS)],
    env,
  });
  if (child.code !== 0) throw new Error(`${child.stdout}${child.stderr}`);
  return JSON.parse(child.stdout) as Report;
}

testEachStrategy(
  "debug: 'suspend' lets work that pauses in the debugger go on to its end",
  async (t, strategy) => {
    const { pauses, outcome, elapsed } = await pauseInside('suspend', strategy);
    t.is(pauses, 1);
    t.is(outcome, 'value');
    t.true(elapsed >= PAUSE_MS);
  },
);

testEachStrategy(
  "debug: 'enforce' counts the pause, and times out when the work is resumed",
  async (t, strategy) => {
    const { pauses, outcome, elapsed } = await pauseInside('enforce', strategy);
    t.is(pauses, 1);
    t.regex(outcome, /^TimeoutError/);
    t.true(elapsed >= PAUSE_MS);
  },
);

test("'enforce' is the default", async (t) => {
  t.regex((await pauseInside('default', 'auto')).outcome, /^TimeoutError/);
});

test('HARDSTOP_DEBUG=suspend suspends where no option says otherwise', async (t) => {
  const env = { HARDSTOP_DEBUG: 'suspend' };
  t.is((await pauseInside('default', 'auto', env)).outcome, 'value');
  t.regex((await pauseInside('enforce', 'auto', env)).outcome, /^TimeoutError/);
});

testEachStrategy(
  "debug: 'suspend' limits the work as usual while no inspector is open",
  async (t, strategy) => {
    const child = await runSource(
      `import { runSync } from 'hardstop';
     try { runSync(() => { for (;;); }, { timeout: 10, debug: 'suspend', strategy: '${strategy}' }); }
     catch (error) { console.log(error.name); }`,
      { env: { HARDSTOP_DEBUG: 'suspend' } },
    );
    t.like(child, { code: 0, stdout: 'TimeoutError\n' }, child.stderr);
  },
);

testEachStrategy(
  'an inspector session of the same thread does not keep loops from being stopped',
  async (t, strategy) => {
    const child = await runSource(`
    import { Session } from 'node:inspector';
    import { runSync } from 'hardstop';
    const session = new Session();
    session.connect();
    session.post('Debugger.enable');
    session.post('Profiler.enable');
    session.post('Profiler.start');
    for (let i = 0; i < 20; i++) {
      try { runSync(() => { for (;;); }, { timeout: 3, strategy: '${strategy}' }); } catch (error) { if (error.name !== 'TimeoutError') throw error; }
    }
    session.post('Profiler.stop', (error, { profile }) => { console.log(error, profile.nodes.length > 1); });
    session.disconnect();
    console.log(runSync(() => 'works', { timeout: 60_000, strategy: '${strategy}' }));`);
    t.like(child, { code: 0, stdout: 'null true\nworks\n' }, child.stderr);
  },
);
