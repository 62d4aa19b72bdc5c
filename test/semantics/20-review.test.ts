import { getEventListeners } from 'node:events';
import { asyncRaise, currentScope, InvalidStateError, runSync, Timeout } from 'hardstop';
import { nativeTest, nativeTestOn } from '../harness/native-test.js';
import { outcomeOf, timeoutOf } from '../harness/outcome.js';
import { repetitions } from '../harness/repetitions.js';
import { runSource } from '../harness/run-fixture.js';
import { testEachStrategy } from '../harness/strategies.js';
import { loopForever, spin, spinUntil } from '../harness/work.js';

nativeTest('cleanup that the stop of a scope around cuts off is gone on with', (t) => {
  const log: string[] = [];
  const outer = new Timeout(60_000);
  const error = timeoutOf(t, () =>
    outer.runSync(() => {
      runSync((scope) => {
        scope.defer(() => log.push('release'));
        scope.defer(() => {
          log.push('slow');
          outer.reschedule(20);
          // Bounded, in case nothing cuts it.
          spin(10_000);
        });
        scope.reschedule(5);
        loopForever();
      }, 60_000);
    }),
  );
  t.is(error.scope, outer);
  t.deepEqual(log, ['slow', 'release']);
});

nativeTest('cleanup cut off at two levels runs from the inside out, each callback once', (t) => {
  const log: string[] = [];
  outcomeOf(() =>
    runSync((outer) => {
      outer.defer(() => log.push('outer'));
      runSync((middle) => {
        middle.defer(() => log.push('middle'));
        runSync((inner) => {
          inner.defer(() => log.push('inner'));
          inner.defer(() => {
            middle.reschedule(20);
            spin(10_000);
          });
        }, 60_000);
      }, 60_000);
    }, 60_000),
  );
  t.deepEqual(log, ['inner', 'middle', 'outer']);
});

nativeTest('a scope that is stopped anywhere in its own start or end can run again', (t) => {
  const { signal } = new AbortController();
  const scopes = [new Timeout(60_000), new Timeout(60_000, { signal, grace: 1 })];
  for (let round = 0; round < repetitions(1000); round++) {
    outcomeOf(() =>
      runSync(
        () => {
          for (;;) {
            for (const scope of scopes) scope.runSync(() => 1);
          }
        },
        0.05 + (round % 50) / 200,
      ),
    );
    for (const scope of scopes) {
      t.not(scope.state, 'executing');
      t.is(
        scope.runSync(() => 1),
        1,
      );
    }
    t.is(currentScope(), undefined);
  }
  t.is(getEventListeners(signal, 'abort').length, 0);
});

testEachStrategy('a scope that was not started cleans up and has taken no time', (t, strategy) => {
  let released = 0;
  const scope = new Timeout(50, { signal: AbortSignal.abort(new Error('mine')), strategy });
  scope.defer(() => released++);
  t.throws(() => scope.runSync(() => 1), { message: 'mine' });
  t.is(released, 1);
  t.is(scope.state, 'interrupted');
  t.is(scope.elapsed(), 0);
});

testEachStrategy('the time that a run in time has taken stays', (t, strategy) => {
  const scope = new Timeout(60_000, { strategy });
  scope.runSync(() => {
    spin(3);
  });
  const elapsed = scope.elapsed();
  t.true(elapsed >= 3 && elapsed < 60_000);
  t.is(scope.elapsed(), elapsed);
});

nativeTest('a deadline that has passed is not moved, also before the watchdog has looked', (t) => {
  for (let round = 0; round < repetitions(300); round++) {
    const { error } = outcomeOf(() =>
      runSync(
        (scope) => {
          spinUntil(scope.deadline);
          t.throws(
            () => {
              scope.reschedule(1000);
            },
            { instanceOf: InvalidStateError },
          );
        },
        { timeout: 0.2, grace: 60_000 },
      ),
    );
    t.truthy(error);
  }
});

nativeTest('a deadline that passes inside a shield strikes when it ends, every time', async (t) => {
  const result = await runSource(
    `import { runSync } from 'hardstop';
    let stopped = 0;
    for (let i = 0; i < 100; i++) {
      try {
        runSync((scope) => {
          scope.shield(() => { const end = performance.now() + 3; while (performance.now() < end); });
          for (;;);
        }, 2);
      } catch { stopped++; }
    }
    console.log(stopped);`,
    { timeoutMs: 20_000 },
  );
  t.is(result.stdout.trim(), '100', result.stderr);
});

nativeTest('a scope never hands back a value that its work did not return', async (t) => {
  // Another copy of the package ends the termination that was on its way to the outermost scope.
  const result = await runSource(
    `import { runSync } from 'hardstop';
    const other = await import(import.meta.resolve('hardstop') + '?second');
    let wrong = 0;
    for (let i = 0; i < 500; i++) {
      const deadline = performance.now() + 1;
      try {
        runSync(() => {
          const value = runSync(() => {
            try { other.runSync(() => { for (;;); }, { deadline }); } catch {}
            return 5;
          }, 60_000);
          if (value !== 5) wrong++;
          for (;;);
        }, { deadline });
      } catch {}
    }
    console.log(wrong);`,
    { timeoutMs: 20_000 },
  );
  t.is(result.stdout.trim(), '0', result.stderr);
});

nativeTestOn(process.platform !== 'win32')(
  'an error that is raised while a read blocks arrives',
  async (t) => {
    const result = await runSource(
      `import { execFileSync } from 'node:child_process';
      import { mkdtempSync, rmSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      import { join } from 'node:path';
      import { Worker } from 'node:worker_threads';
      import { asyncRaise } from 'hardstop';
      const folder = mkdtempSync(join(tmpdir(), 'hardstop-'));
      process.once('exit', () => rmSync(folder, { recursive: true }));
      const path = join(folder, 'fifo');
      execFileSync('mkfifo', [path]);
      const worker = new Worker(\`
        const { runSync } = require('hardstop');
        const { parentPort, workerData } = require('node:worker_threads');
        const { openSync, readSync } = require('node:fs');
        const pipe = openSync(workerData, 'r+');
        try {
          runSync(() => { parentPort.postMessage('in'); readSync(pipe, Buffer.alloc(1)); }, 20_000);
        } catch (error) { parentPort.postMessage(error.name + ': ' + error.message); }
      \`, { eval: true, execArgv: [], workerData: path });
      worker.on('message', (message) => {
        if (message !== 'in') { console.log(message); process.exit(); }
        setTimeout(() => { asyncRaise(worker.threadId, new TypeError('raised')); }, 50);
      });`,
      { timeoutMs: 15_000 },
    );
    t.is(result.stdout.trim(), 'TypeError: raised', result.stderr);
  },
);

nativeTest(
  'a shield ends with its work, also when a timeout of node:vm around it unwinds that',
  async (t) => {
    const { stdout, timedOut } = await runSource(
      `import vm from 'node:vm';
    import { runSync } from 'hardstop';
    try {
      runSync((scope) => {
        globalThis.scope = scope;
        try {
          vm.runInThisContext('scope.shield(() => { for (;;); })', { timeout: 20 });
        } catch (error) {
          console.log(error.code, Number.isFinite(scope.deadline));
        }
        scope.reschedule(20);
        for (;;);
      }, 60_000);
    } catch (error) {
      console.log(error.name);
    }`,
      { timeoutMs: 20_000 },
    );
    t.false(timedOut);
    t.is(stdout, 'ERR_SCRIPT_EXECUTION_TIMEOUT true\nTimeoutError\n');
  },
);

nativeTest('of two errors raised in one scope the first is delivered', (t) => {
  const delivered: boolean[] = [];
  const error = t.throws(() =>
    runSync((scope) => {
      // The shield holds the first one off, so that there is time for a second.
      scope.shield(() => {
        delivered.push(asyncRaise(0, new RangeError('first')));
        delivered.push(asyncRaise(0, new RangeError('second')));
      });
      loopForever();
    }, 60_000),
  );
  t.is(error.message, 'first');
  t.deepEqual(delivered, [true, false]);
});

testEachStrategy(
  'a limit that was moved during a run is the old one in the next',
  (t, strategy) => {
    const scope = new Timeout(60_000, { strategy });
    if (strategy === 'native') {
      scope.runSync(() => {
        scope.reschedule(30_000);
        t.true(scope.timeout < 31_000);
      });
    }
    scope.runSync(() => {
      t.is(scope.timeout, 60_000);
    });
  },
);

nativeTest('a run under a CPU limit that ends in time knows how long it took', (t) => {
  runSync(() => 'an earlier end, which must not be taken for this one', 60_000);
  const scope = new Timeout(60_000, { cpuTimeout: 60_000 });
  scope.runSync(() => {
    spin(20);
  });
  t.true(scope.ok);
  t.true(scope.elapsed() >= 20);
});
