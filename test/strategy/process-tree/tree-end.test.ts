import { setTimeout as delay } from 'node:timers/promises';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { LinuxTreeView } from '#internal/strategy/process-tree/linux-tree-view.js';
import { NativeTreeEnd } from '#internal/strategy/process-tree/native-tree-end.js';
import { TimerTreeEnd } from '#internal/strategy/process-tree/timer-tree-end.js';
import type {
  ProcessTree,
  TreeEnd,
  TreeEndPlan,
} from '#internal/strategy/process-tree/tree-end.js';
import { newTreeMark } from '#internal/strategy/process-tree/tree-mark.js';
import {
  isAlive,
  killLeftOvers,
  nativeIsSwitchedOff,
  processesWith,
  startTree,
  stateOf,
  type TestTree,
} from '../../harness/process-tree.js';
import { waitForCondition } from '../../harness/wait-for.js';

type PlanEnd = (tree: ProcessTree, plan: TreeEndPlan) => TreeEnd;

const kinds: Record<string, PlanEnd> = {
  timers: (tree, plan) => new TimerTreeEnd(new LinuxTreeView(tree), plan),
  ...(!nativeIsSwitchedOff() && {
    native: (tree: ProcessTree, plan: TreeEndPlan): TreeEnd => {
      const end = NativeTreeEnd.plan(tree, plan);
      if (end === undefined) throw new Error('The addon plans no ends');
      return end;
    },
  }),
};

/** Registers one test for each kind of end; trees that it starts with the second argument leave nothing behind. */
function testEachKind(
  title: string,
  implementation: (t: ExecutionContext, planEnd: PlanEnd, start: typeof startTree) => Promise<void>,
): void {
  for (const [kind, planEnd] of Object.entries(kinds)) {
    const register = process.platform === 'linux' ? test.serial : test.serial.skip;
    // One at a time: some fork as fast as they can.
    register(`${title} [${kind}]`, async (t) => {
      const trees: TestTree[] = [];
      try {
        await implementation(t, planEnd, async (...args) => {
          const tree = await startTree(...args);
          trees.push(tree);
          return tree;
        });
      } finally {
        trees.forEach(killLeftOvers);
      }
    });
  }
}

/** Far away: for what must not strike. */
const NEVER = 60_000;

testEachKind('a tree that ends when it is asked to is not killed', async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const { pid, tag, ended } = await start('sleep $1 & sleep $1 & wait', 2, env);
  const end = planEnd(
    { pid, mark, scope: 'tree' },
    { deadline: performance.now(), grace: NEVER, signal: 'SIGTERM' },
  );
  const report = await end.report;
  t.deepEqual(await ended, [null, 'SIGTERM']);
  t.deepEqual(processesWith(tag), []);
  t.like(report, { step: 'soft', root: 'soft', survivors: [] });
  t.is(report.signalled.length, 3);
  t.true(report.signalled.includes(pid));
  t.true((report.startedAt ?? 0) <= report.endedAt);
});

testEachKind(
  'what ignores the signal is killed after the grace, wherever it has gone',
  async (t, planEnd, start) => {
    const { mark, env } = newTreeMark();
    // A child; an orphan in a session of its own; one that has dropped its environment, and its child; a double fork.
    const script = `trap '' TERM
      sleep $1 &
      (setsid sleep $1 &)
      setsid env -i sh -c "sleep $1; :" &
      (setsid sh -c "sleep $1 & exit" &)
      wait; sleep $1`;
    const { pid, tag, ended } = await start(script, 4, env);
    const deadline = performance.now() + 30;
    const end = planEnd({ pid, mark, scope: 'tree' }, { deadline, grace: 50, signal: 'SIGTERM' });
    const report = await end.report;
    t.deepEqual(await ended, [null, 'SIGKILL']);
    t.deepEqual(processesWith(tag), []);
    t.like(report, { step: 'hard', root: 'hard', survivors: [] });
    t.true((report.startedAt ?? 0) >= deadline);
    t.true(report.endedAt >= deadline + 50);
  },
);

testEachKind('a grace of 0 kills without asking', async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const { pid, tag, ended } = await start('(setsid sleep $1 &); sleep $1; :', 2, env);
  const end = planEnd(
    { pid, mark, scope: 'tree' },
    { deadline: Infinity, grace: 0, signal: 'SIGTERM' },
  );
  end.begin();
  t.like(await end.report, { step: 'hard', root: 'hard', survivors: [] });
  t.deepEqual(await ended, [null, 'SIGKILL']);
  t.deepEqual(processesWith(tag), []);
});

testEachKind('processes that are stopped take the signal', async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const { pid, tag, ended } = await start('sleep $1 & wait', 1, env);
  for (const stopped of processesWith(tag)) process.kill(stopped, 'SIGSTOP');
  await waitForCondition('they are stopped', () =>
    processesWith(tag).every((stopped) => stateOf(stopped) === 'T'),
  );
  const end = planEnd(
    { pid, mark, scope: 'tree' },
    { deadline: performance.now(), grace: NEVER, signal: 'SIGTERM' },
  );
  t.like(await end.report, { step: 'soft', survivors: [] });
  t.deepEqual(await ended, [null, 'SIGTERM']);
  t.deepEqual(processesWith(tag), []);
});

testEachKind(
  'what a process starts to end well is left to it until the grace is over',
  async (t, planEnd, start) => {
    const folder = mkdtempSync(join(tmpdir(), 'hardstop-tree-'));
    try {
      const { mark, env } = newTreeMark();
      const script = `trap "sleep 0.2; echo cleaned >'${folder}/log'; exit 3" TERM; sleep $1 & wait`;
      const { pid, ended } = await start(script, 1, env);
      const end = planEnd(
        { pid, mark, scope: 'tree' },
        { deadline: performance.now(), grace: NEVER, signal: 'SIGTERM' },
      );
      t.like(await end.report, { step: 'soft', survivors: [] });
      t.deepEqual(await ended, [3, null]);
      t.is(readFileSync(join(folder, 'log'), 'utf8'), 'cleaned\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

testEachKind('a tree that forks without an end leaves nobody', async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const script = `trap '' TERM
    end=$(( $(date +%s) + 2 ))
    while [ "$(date +%s)" -le $end ]; do
      sh -c "trap '' TERM; sleep $1 & setsid sleep $1 & wait" & setsid sleep $1 &
    done
    sleep $1`;
  const { pid, tag, ended } = await start(script, 20, env);
  const end = planEnd(
    { pid, mark, scope: 'tree' },
    { deadline: performance.now(), grace: 100, signal: 'SIGTERM' },
  );
  t.like(await end.report, { step: 'hard', survivors: [] });
  await ended;
  await delay(50);
  t.deepEqual(processesWith(tag), []);
});

testEachKind(
  'without a mark a tree that forks without an end is stopped before it is killed',
  async (t, planEnd, start) => {
    const script = `end=$(( $(date +%s) + 2 ))
      while [ "$(date +%s)" -le $end ]; do sleep $1 & setsid sleep $1 & done
      sleep $1`;
    const { pid, tag, ended } = await start(script, 20);
    const end = planEnd(
      { pid, mark: undefined, scope: 'tree' },
      { deadline: performance.now(), grace: 0, signal: 'SIGTERM' },
    );
    t.like(await end.report, { step: 'hard', survivors: [] });
    await ended;
    await delay(50);
    t.deepEqual(processesWith(tag), []);
  },
);

testEachKind("the scope 'root' leaves the descendants", async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const { pid, tag, ended } = await start('sleep $1 & wait', 1, env);
  const end = planEnd(
    { pid, mark, scope: 'root' },
    { deadline: performance.now(), grace: 0, signal: 'SIGTERM' },
  );
  t.like(await end.report, { step: 'hard', root: 'hard', signalled: [pid], survivors: [] });
  await ended;
  t.is(processesWith(tag).length, 1);
});

testEachKind(
  "the scope 'root' sweeps nobody when the root has ended",
  async (t, planEnd, start) => {
    for (const hasBegun of [false, true]) {
      const { mark, env } = newTreeMark();
      const { pid, tag, ended, root } = await start('sleep $1 & wait', 1, env);
      const end = planEnd(
        { pid, mark, scope: 'root' },
        { deadline: Infinity, grace: NEVER, signal: 'SIGTERM' },
      );
      if (hasBegun) end.begin();
      else root.kill('SIGKILL');
      await ended;
      end.rootEnded(true);
      t.deepEqual((await end.report).signalled, hasBegun ? [pid] : []);
      t.is(processesWith(tag).length, 1);
    }
  },
);

testEachKind('what has ended by itself was not ended by us', async (t, planEnd, start) => {
  for (const grace of [0, NEVER]) {
    const { mark, env } = newTreeMark();
    const { root, pid, ended } = await start('exec sleep $1', 1, env);
    const deadline = performance.now() + 400;
    const end = planEnd({ pid, mark, scope: 'tree' }, { deadline, grace, signal: 'SIGTERM' });
    process.kill(pid, 'SIGKILL');
    // It is not reaped: the loop is blocked until the end is over, where it does not need the loop.
    while (performance.now() < deadline + 30);
    t.like(await end.report, { step: 'none', root: 'none', signalled: [], survivors: [] });
    await ended;
    t.is(root.signalCode, 'SIGKILL');
  }
});

testEachKind("the scope 'descendants' leaves the root", async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  // It stops itself when its child is dead: a shell that forks shows its own arguments twice.
  const script = '(setsid sleep $1 &); sleep $1 & wait; kill -STOP $$';
  const { pid, tag } = await start(script, 2, env);
  const end = planEnd(
    { pid, mark, scope: 'descendants' },
    { deadline: performance.now(), grace: NEVER, signal: 'SIGTERM' },
  );
  await waitForCondition('they are dead', () => processesWith(tag).length === 1);
  end.begin(0);
  t.like(await end.report, { root: 'none', survivors: [] });
  t.deepEqual(processesWith(tag), [pid]);
});

testEachKind('an end is moved until it has begun', async (t, planEnd, start) => {
  const { mark, env } = newTreeMark();
  const { pid } = await start('sleep $1; :', 1, env);
  const planned = { deadline: performance.now() + 500, grace: 0, signal: 'SIGTERM' } as const;
  const end = planEnd({ pid, mark, scope: 'tree' }, planned);
  end.reschedule(performance.now() + NEVER);
  await delay(600);
  t.true(isAlive(pid));
  const sooner = performance.now() + 20;
  end.reschedule(sooner);
  const report = await end.report;
  t.true((report.startedAt ?? 0) >= sooner);
  t.false(isAlive(pid));
  end.reschedule(Infinity);
  end.begin();
  end.rootEnded(true);
  t.is(await end.report, report);
});

testEachKind(
  'an end that is begun again with a shorter grace uses force then',
  async (t, planEnd, start) => {
    const { mark, env } = newTreeMark();
    const { pid, tag } = await start("trap '' TERM; sleep $1 & wait; sleep $1", 1, env);
    const end = planEnd(
      { pid, mark, scope: 'tree' },
      { deadline: Infinity, grace: NEVER, signal: 'SIGTERM' },
    );
    end.begin();
    await delay(50);
    t.true(isAlive(pid));
    end.begin(0);
    t.like(await end.report, { step: 'hard', root: 'hard' });
    t.deepEqual(processesWith(tag), []);
  },
);

testEachKind(
  'when the root has ended by itself the rest is let go, or ended at once',
  async (t, planEnd, start) => {
    for (const sweep of [false, true]) {
      const { mark, env } = newTreeMark();
      const tree = await start('(setsid sleep $1 &); sleep $1; :', 2, env);
      const end = planEnd(
        { pid: tree.pid, mark, scope: 'tree' },
        { deadline: performance.now() + NEVER, grace: NEVER, signal: 'SIGTERM' },
      );
      tree.root.kill('SIGKILL');
      await tree.ended;
      end.rootEnded(sweep);
      const report = await end.report;
      t.like(report, { root: 'none', survivors: [] });
      t.is(report.step, sweep ? 'soft' : 'none');
      t.is(processesWith(tree.tag).length, sweep ? 0 : 2);
    }
  },
);

testEachKind('who ends an outer tree finds the inner ones', async (t, planEnd, start) => {
  const outer = newTreeMark();
  const inner = newTreeMark(outer.env);
  const { pid } = await start('sleep $1; :', 1, outer.env);
  const lost = await start('(setsid sleep $1 &); sleep $1; :', 2, inner.env);
  const end = planEnd(
    { pid, mark: outer.mark, scope: 'tree' },
    { deadline: performance.now(), grace: 0, signal: 'SIGTERM' },
  );
  t.like(await end.report, { survivors: [] });
  t.deepEqual(processesWith(lost.tag), []);
});

testEachKind(
  'a process that has taken the id of a root is left alone',
  async (t, planEnd, start) => {
    const { mark, env } = newTreeMark();
    const first = await start('sleep $1; :', 1, env);
    const end = planEnd(
      { pid: first.pid, mark, scope: 'tree' },
      { deadline: Infinity, grace: 0, signal: 'SIGTERM' },
    );
    first.root.kill('SIGKILL');
    await first.ended;
    // Nobody else of that id has to be found for this: the id is not looked at any more.
    end.rootEnded(true);
    const report = await end.report;
    t.false(report.signalled.includes(first.pid));
    t.deepEqual(processesWith(first.tag), []);
  },
);
