import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { processesWith } from '../../harness/process-tree.js';
import { runSource, type FixtureResult } from '../../harness/run-fixture.js';
import { waitForCondition } from '../../harness/wait-for.js';

// /proc is what both the guard and these tests look at.
const linuxTest = process.platform === 'linux' ? test.serial : test.serial.skip;

/** The parent of the trees: it prints the tag of its processes and what its marks begin with. */
const prelude = `
  import { Worker } from 'node:worker_threads';
  import { guardTree, releaseTree, startOrphanGuard } from '#internal/strategy/process-tree/orphan-guard.js';
  import { markPrefix, newTreeMark } from '#internal/strategy/process-tree/tree-mark.js';
  import { processesWith, startTree } from './build/test/harness/process-tree.js';
  import { waitForCondition } from './build/test/harness/wait-for.js';
  const { mark, env } = newTreeMark();
  // A child, an orphan in a session of its own, and one without the environment.
  const script = 'trap "" TERM HUP; sleep $1 & (setsid sleep $1 &) ; setsid env -i sh -c "sleep $1; :" & wait; sleep $1';
  const start = async () => {
    const tree = await startTree(script, 3, env);
    tree.root.unref();
    guardTree(tree.pid, mark);
    console.log(JSON.stringify({ tag: tree.tag, pid: tree.pid, prefix: markPrefix }));
    return tree;
  };
`;

interface Parent {
  readonly tag: string;
  readonly pid: number;
  readonly prefix: string;
}

async function run(t: ExecutionContext, source: string): Promise<[Parent, FixtureResult]> {
  const child = await runSource(prelude + source);
  t.false(child.timedOut, child.stderr);
  return [JSON.parse(child.stdout) as Parent, child];
}

async function assertAllGone({ tag, prefix }: Parent): Promise<void> {
  await waitForCondition('the tree is gone', () => processesWith(tag).length === 0);
  await waitForCondition('the guard is gone', () => processesWith(prefix).length === 0);
}

linuxTest('a tree dies with a parent that is killed, whatever it ignores', async (t) => {
  const [parent, child] = await run(t, `await start(); process.kill(process.pid, 'SIGKILL');`);
  t.is(child.signal, 'SIGKILL');
  await assertAllGone(parent);
});

linuxTest('a tree dies with a parent whose whole group is killed', async (t) => {
  const [parent, child] = await run(t, `await start(); process.kill(-process.pid, 'SIGKILL');`);
  t.is(child.signal, 'SIGKILL');
  await assertAllGone(parent);
});

linuxTest('a tree dies with a parent that ends, which the guard does not keep alive', async (t) => {
  for (const source of ['await start();', 'await start(); process.exit(5);']) {
    const [parent, { code }] = await run(t, source);
    t.is(code, source.includes('exit') ? 5 : 0);
    await assertAllGone(parent);
  }
});

linuxTest('a tree that could not be registered yet is known by its mark', async (t) => {
  const [parent] = await run(
    t,
    `startOrphanGuard();
    const { tag, pid } = await startTree('(setsid sleep $1 &); sleep $1; :', 2, env);
    console.log(JSON.stringify({ tag, pid, prefix: markPrefix }));
    process.kill(process.pid, 'SIGKILL');`,
  );
  await assertAllGone(parent);
});

// Each generation starts the next one. All of them are bounded, lest a failure take the machine.
const storms = {
  'whose processes start others in sessions of their own': [
    'f() { sh -c "$STORM" storm $1 0 & }; f $1; f $1; sleep $1; :',
    '[ $2 -lt 400 ] || exit 0; sleep .02; setsid sh -c "$STORM" storm $1 $(($2 + 1)) & exec sleep $1',
    20,
  ],
  'whose processes are gone before they could be killed one by one': [
    'sh -c "$STORM" storm $1 0 & sleep $1; :',
    '[ $2 -lt 20000 ] || exit 0; sh -c "$STORM" storm $1 $(($2 + 1)) & exit',
    1,
  ],
} as const;

for (const [what, [script, storm, sleeps]] of Object.entries(storms)) {
  linuxTest(`a storm of forks ${what} dies with its parent`, async (t) => {
    const [parent, child] = await run(
      t,
      `const storm = { ...env, STORM: ${JSON.stringify(storm)} };
      const { tag, pid } = await startTree(${JSON.stringify(script)}, ${sleeps}, storm);
      guardTree(pid, mark);
      console.log(JSON.stringify({ tag, pid, prefix: markPrefix }));
      process.kill(process.pid, 'SIGKILL');`,
    );
    t.is(child.signal, 'SIGKILL');
    await assertAllGone(parent);
    // Nothing has come after that.
    await delay(300);
    t.deepEqual(processesWith(parent.tag), []);
  });
}

linuxTest('a tree that was let go outlives its parent, and another one does not', async (t) => {
  const [parent] = await run(
    t,
    `const free = await start();
    releaseTree(free.pid, mark);
    const other = newTreeMark();
    const { pid } = await startTree('sleep $1; :', 1, other.env);
    guardTree(pid, other.mark);
    process.kill(process.pid, 'SIGKILL');`,
  );
  await waitForCondition('the guard is gone', () => processesWith(parent.prefix).length === 0);
  // Both tags begin with the parent's id.
  const left = processesWith(parent.tag.slice(0, -4));
  for (const pid of left) process.kill(pid, 'SIGKILL');
  // Of the two trees' processes, those of the first.
  t.is(left.length, 5);
});

linuxTest('the guard knows what runs, and nothing of what ran', async (t) => {
  const child = await runSource(`
    import { readFileSync } from 'node:fs';
    import { guardTree, releaseTree, startOrphanGuard } from '#internal/strategy/process-tree/orphan-guard.js';
    import { markPrefix, newTreeMark } from '#internal/strategy/process-tree/tree-mark.js';
    import { processesWith, stateOf } from './build/test/harness/process-tree.js';
    import { waitForCondition } from './build/test/harness/wait-for.js';
    startOrphanGuard();
    await waitForCondition('the guard is there', () => processesWith(markPrefix).length === 1);
    const [guard] = processesWith(markPrefix);
    const kilobytes = () => Number(/^RssAnon:\\s+(\\d+)/m.exec(readFileSync('/proc/' + guard + '/status', 'latin1'))[1]);
    const work = async () => {
      for (let batch = 0; batch < 100; batch++) {
        for (let i = 0; i < 100; i++) {
          const { mark } = newTreeMark({});
          guardTree(4_000_000, mark);
          releaseTree(4_000_000, mark);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await waitForCondition('the guard has read it all', () => stateOf(guard) === 'S');
    };
    await work();
    const before = kilobytes();
    await work();
    console.log(kilobytes() - before);`);
  t.is(child.code, 0, child.stderr);
  t.true(Number(child.stdout) < 64, child.stdout);
});

linuxTest('a tree that a worker has started dies with the worker', async (t) => {
  // The worker reads text as its parent does: as a module.
  const worker = `
    import { parentPort } from 'node:worker_threads';
    import { guardTree } from '#internal/strategy/process-tree/orphan-guard.js';
    import { newTreeMark } from '#internal/strategy/process-tree/tree-mark.js';
    import { startTree } from './build/test/harness/process-tree.js';
    const { mark, env } = newTreeMark();
    const { tag, pid } = await startTree('(setsid sleep $1 &); sleep $1; :', 2, env);
    guardTree(pid, mark);
    parentPort.postMessage({ tag, pid });
    setInterval(() => {}, 1_000);`;
  const [parent] = await run(
    t,
    `const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
    const tree = await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    await waitForCondition('the tree is gone', () => processesWith(tree.tag).length === 0);
    console.log(JSON.stringify({ ...tree, prefix: markPrefix }));`,
  );
  await assertAllGone(parent);
});

linuxTest('a guard that was lost is replaced, and told again', async (t) => {
  const [parent] = await run(
    t,
    `await start();
    const [guard] = processesWith(markPrefix);
    process.kill(guard, 'SIGKILL');
    await waitForCondition('the guard is missed', () => !processesWith(markPrefix).includes(guard));
    await new Promise((resolve) => setTimeout(resolve, 50));
    startOrphanGuard();
    process.kill(process.pid, 'SIGKILL');`,
  );
  await assertAllGone(parent);
});

linuxTest('the guard runs in every POSIX shell that is there', async (t) => {
  const { ORPHAN_GUARD_SCRIPT } =
    await import('#internal/strategy/process-tree/orphan-guard-script.js');
  for (const shell of ['dash', 'bash', 'busybox', 'ksh', 'mksh', 'zsh']) {
    const args = shell === 'busybox' ? ['sh'] : [];
    const prefix = `T${process.pid.toString(36)}.${shell}.`;
    const tag = `1001.${String(process.pid)}${String(shell.length)}`;
    const guard = spawn(shell, [...args, '-c', ORPHAN_GUARD_SCRIPT, 'guard', prefix], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const isThere = await new Promise<boolean>((resolve) => {
      guard.once('spawn', () => {
        resolve(true);
      });
      guard.once('error', () => {
        resolve(false);
      });
    });
    if (!isThere) continue;
    const sleep = (name: string): void => {
      const env = { ...process.env, HARDSTOP_TREE: `${prefix}${name};` };
      spawn('sleep', [tag], { detached: true, env, stdio: 'ignore' }).unref();
    };
    sleep('1');
    sleep('2');
    await waitForCondition('both are there', () => processesWith(tag).length === 2);
    guard.stdin.end('+ 999999 1\n+ 999998 2\n- 999998 2\n- 7 7\n');
    await new Promise((resolve) => guard.once('exit', resolve));
    const left = processesWith(tag);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    t.is(left.length, 1, shell);
  }
});
