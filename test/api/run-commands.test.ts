import { setTimeout as delay } from 'node:timers/promises';
import {
  CommandTimeoutError,
  type InvalidOptionError,
  runCommands,
  type CommandSpec,
} from 'hardstop';
import { failureOf, onLinux } from '../harness/command-test.js';
import { processesWith, uniqueSeconds } from '../harness/live-processes.js';

onLinux('outcomes come as commands end, failures among them', async (t) => {
  const commands: readonly CommandSpec[] = [
    { file: 'sh', args: ['-c', 'sleep 2; echo slow'] },
    { file: 'sh', args: ['-c', 'exit 3'] },
    { file: 'no-such-program' },
    { file: 'sleep', args: ['1000'], timeout: 1_000, grace: 0 },
  ];
  const order: number[] = [];
  for await (const outcome of runCommands(commands, { concurrency: 4, timeout: 60_000 })) {
    order.push(outcome.index);
    t.is<CommandSpec | undefined, CommandSpec | undefined>(
      outcome.command,
      commands[outcome.index],
    );
    if (outcome.index === 0) t.is(outcome.status === 'fulfilled' && outcome.value.stdout, 'slow\n');
    if (outcome.index === 3) {
      t.true(outcome.status === 'rejected' && outcome.reason instanceof CommandTimeoutError);
    }
  }
  t.deepEqual([...order].sort(), [0, 1, 2, 3]);
  t.is(order.at(-1), 0);
});

onLinux('no more than `concurrency` run at a time, and the list is read no faster', async (t) => {
  let taken = 0;
  let ended = 0;
  let most = 0;
  async function* list(): AsyncGenerator<CommandSpec> {
    for (;;) {
      await delay(1);
      taken++;
      most = Math.max(most, taken - ended);
      yield { file: 'true' };
    }
  }
  for await (const outcome of runCommands(list(), { concurrency: 3 })) {
    t.is(outcome.status, 'fulfilled');
    if (++ended === 20) break;
  }
  t.true(most <= 4, String(most));
});

onLinux('who leaves the loop leaves nothing running', async (t) => {
  const seconds = uniqueSeconds();
  const sleeper = { file: 'sleep', args: [seconds] };
  for await (const { index } of runCommands([sleeper, { file: 'true' }, sleeper], {
    concurrency: 3,
  })) {
    t.is(index, 1);
    break;
  }
  t.deepEqual(processesWith(seconds), []);
});

onLinux('a `deadline` for all ends what runs and starts no more', async (t) => {
  const sleeper = { file: 'sleep', args: ['1000'], grace: 0 };
  const stages: unknown[] = [];
  const options = { concurrency: 1, deadline: performance.now() + 300 };
  for await (const outcome of runCommands([sleeper, sleeper, sleeper], options)) {
    if (outcome.status === 'rejected') stages.push((outcome.reason as CommandTimeoutError).stage);
  }
  t.deepEqual(stages, ['kill', 'refused', 'refused']);
});

onLinux('an aborted `signal` ends what runs, and the loop', async (t) => {
  const outcomes: string[] = [];
  const sleeper = { file: 'sleep', args: ['1000'] };
  const options = { concurrency: 2, signal: AbortSignal.timeout(300) };
  for await (const outcome of runCommands([sleeper, sleeper, sleeper], options)) {
    outcomes.push(outcome.status);
  }
  t.deepEqual(outcomes, ['rejected', 'rejected']);
});

onLinux('bad options are refused by name', async (t) => {
  for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { timeout: -1 }]) {
    const error = await failureOf(runCommands([{ file: 'true' }], options).next());
    t.is((error as InvalidOptionError).option, Object.keys(options).join());
  }
});
