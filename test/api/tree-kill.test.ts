import { once } from 'node:events';
import { spawn } from 'node:child_process';
import test from 'ava';
import { InvalidOptionError, treeKill } from 'hardstop';
import {
  isAlive,
  killLeftOvers,
  processesWith,
  startTree,
  stateOf,
} from '../harness/process-tree.js';
import { waitForCondition } from '../harness/wait-for.js';

const linuxTest = process.platform === 'linux' ? test : test.skip;

linuxTest('treeKill() asks a tree to end and settles when all of it is dead', async (t) => {
  const { pid, tag, ended } = await startTree('sleep $1 & sleep $1 & wait', 2);
  const report = await treeKill(pid);
  t.deepEqual([report.step, report.survivors], ['soft', []]);
  t.is(report.signalled.length, 3);
  t.deepEqual(processesWith(tag), []);
  t.deepEqual(await ended, [null, 'SIGTERM']);
});

linuxTest('treeKill() kills what is left after the grace', async (t) => {
  const { pid, tag, ended } = await startTree("trap '' TERM; sleep $1 & wait; sleep $1", 1);
  const { step, survivors } = await treeKill(pid, { grace: 50 });
  t.deepEqual([step, survivors], ['hard', []]);
  t.deepEqual(processesWith(tag), []);
  t.deepEqual(await ended, [null, 'SIGKILL']);
});

linuxTest("treeKill() takes another signal; 'SIGKILL' is not asked twice", async (t) => {
  const polite = await startTree('trap "exit 4" USR1; sleep $1 & wait', 1);
  t.is((await treeKill(polite.pid, { signal: 'SIGUSR1', grace: Infinity })).step, 'soft');
  t.deepEqual(await polite.ended, [4, null]);
  const killed = await startTree('sleep $1; :', 1);
  t.is((await treeKill(killed.pid, { signal: 'SIGKILL' })).step, 'hard');
  t.deepEqual(await killed.ended, [null, 'SIGKILL']);
});

linuxTest('treeKill() leaves the rest of the group and of the session alone', async (t) => {
  // The brother is in the group that the root's parent leads.
  const parent = await startTree('sleep $1 & sh -c "sleep $1; :" & wait', 2);
  try {
    const [brother, ,] = processesWith(parent.tag).filter((pid) => pid !== parent.pid);
    t.truthy(brother);
    await treeKill(brother ?? 0, { grace: 0 });
    t.true(isAlive(parent.pid));
    t.is(processesWith(parent.tag).length, 3);
  } finally {
    killLeftOvers(parent);
  }
});

linuxTest('a process that is not there is no error', async (t) => {
  const child = spawn('true');
  await once(child, 'exit');
  t.deepEqual(await treeKill(child.pid ?? 0), { step: 'none', signalled: [], survivors: [] });
  await new Promise<void>((resolve, reject) => {
    void treeKill(child.pid ?? 0, 'SIGTERM', (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
});

linuxTest(
  'with a signal and a callback treeKill() does what tree-kill does: each process is sent it once',
  async (t) => {
    const tree = await startTree("trap '' TERM; sleep $1 & wait; sleep $1", 1);
    try {
      const called = new Promise<readonly unknown[]>((resolve) => {
        void treeKill(tree.pid, 'SIGSTOP', (...args) => {
          resolve(args);
        });
      });
      t.deepEqual(await called, []);
      await waitForCondition('all are stopped', () =>
        processesWith(tree.tag).every((pid) => stateOf(pid) === 'T'),
      );
      t.is((await treeKill(tree.pid, 'SIGCONT')).signalled.length, 2);
      await waitForCondition('all run', () =>
        processesWith(tree.tag).every((pid) => stateOf(pid) !== 'T'),
      );
      await new Promise<void>((resolve) => {
        void treeKill(tree.pid, () => {
          resolve();
        });
      });
      t.true(isAlive(tree.pid));
    } finally {
      killLeftOvers(tree);
    }
  },
);

test('a bad process id, signal or grace is refused, and nobody is sent a signal', (t) => {
  for (const pid of [0, 1, -1, 1.5, NaN, Infinity, 2 ** 31]) {
    const error = t.throws(() => void treeKill(pid));
    t.true(error instanceof InvalidOptionError && error.option === 'pid');
  }
  for (const signal of ['SIGNONE', 'TERM', 0, -9, 65, 1.5]) {
    const error = t.throws(() => void treeKill(process.pid, signal as NodeJS.Signals));
    t.true(error instanceof InvalidOptionError && error.option === 'signal');
    t.throws(() => void treeKill(process.pid, { signal: signal as NodeJS.Signals }));
  }
  for (const grace of [-1, NaN, '1']) {
    const error = t.throws(() => void treeKill(process.pid, { grace: grace as number }));
    t.true(error instanceof InvalidOptionError && error.option === 'grace');
  }
});
