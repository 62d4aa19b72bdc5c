import { setTimeout as delay } from 'node:timers/promises';
import { CommandTimeoutError, InvalidStateError, startCommand } from 'hardstop';
import { errorOf, failureOf, onLinux, timeoutOf } from '../harness/command-test.js';
import { processesWith, uniqueSeconds } from '../harness/live-processes.js';
import { waitForCondition } from '../harness/wait-for.js';

const ENOUGH_MS = 60_000;

onLinux('a wait that times out leaves it running and loses nothing', async (t) => {
  const command = startCommand('sh', ['-c', 'echo a; read word; echo b'], { stdio: 'pipe' });
  const first = await timeoutOf(command.wait({ timeout: 600 }));
  t.is(first.stage, 'abandoned');
  t.false(first.stopped);
  t.is(first.stdout, 'a\n');
  t.true(command.isRunning);
  command.stdin?.end('go on\n');
  const result = await command.wait({ timeout: ENOUGH_MS });
  t.is(result.stdout, 'a\nb\n');
  t.false(command.isRunning);
  t.is((await command.wait({ timeout: 0 })).exitCode, 0);
  t.is(command.exitCode, 0);
});

onLinux('a communicate that times out goes on where it was; input is given once', async (t) => {
  const input = 'x'.repeat(2 ** 20);
  const command = startCommand('sh', ['-c', 'sleep 1; cat']);
  const error = await timeoutOf(command.communicate({ input, timeout: 200 }));
  t.is(error.stdout, '');
  t.true((await failureOf(command.communicate({ input }))) instanceof InvalidStateError);
  t.is((await command.communicate({ timeout: ENOUGH_MS })).stdout, input);
});

onLinux('two can wait at once', async (t) => {
  const command = startCommand('sh', ['-c', 'sleep 0.2; exit 0']);
  const [one, two] = await Promise.all([command.wait(), command.wait(ENOUGH_MS)]);
  t.is(one.exitCode, 0);
  t.is(two.exitCode, 0);
});

onLinux('what it printed before anybody asked is not lost, also once it has ended', async (t) => {
  const command = startCommand('sh', ['-c', 'echo out; echo err >&2; exit 3']);
  await waitForCondition('it has ended', () => !command.isRunning);
  const error = await errorOf(command.wait());
  t.is(error.exitCode, 3);
  t.is(error.stdout, 'out\n');
  t.is(error.stderr, 'err\n');
});

onLinux('output by lines; who comes back to it goes on with the next one', async (t) => {
  const command = startCommand('printf', [String.raw`a\nb\r\n\nc`]);
  const lines: string[] = [];
  for await (const line of command) {
    lines.push(line);
    if (line === 'a') break;
  }
  for await (const line of command.lines()) lines.push(line);
  t.deepEqual(lines, ['a', 'b', '', 'c']);
  t.is((await command.wait()).exitCode, 0);
});

onLinux('lines come as they are printed; at their end a failure is thrown', async (t) => {
  const command = startCommand('sh', ['-c', 'echo ready; read word; echo "got $word"; exit 4']);
  const lines: string[] = [];
  const error = await errorOf(
    (async () => {
      for await (const line of command) {
        lines.push(line);
        if (line === 'ready') command.stdin?.end('it\n');
      }
    })(),
  );
  t.deepEqual(lines, ['ready', 'got it']);
  t.is(error.exitCode, 4);
});

onLinux(
  'a silent one is ended while its lines are awaited; a slow reader is no silence',
  async (t) => {
    const silent = startCommand('sh', ['-c', 'echo a; sleep 1000'], { idleTimeout: 1_000 });
    const error = await timeoutOf(
      (async () => {
        for await (const line of silent) t.is(line, 'a');
      })(),
    );
    t.is(error.clock, 'idle');
    const wordy = startCommand('sh', ['-c', 'head -c 1000000 /dev/zero | tr "\\0" "\\n"'], {
      idleTimeout: 500,
    });
    let count = 0;
    for await (const line of wordy) {
      if (line === '' && count++ === 0) await delay(1_500);
    }
    t.is(count, 1_000_000);
  },
);

onLinux('its own limit ends it, whoever waits', async (t) => {
  const seconds = uniqueSeconds();
  const command = startCommand('sleep', [seconds], { timeout: 100, grace: 0 });
  const error = await timeoutOf(command.wait({ timeout: ENOUGH_MS }));
  t.is(error.timeout, 100);
  t.true(error.stopped);
  t.deepEqual(processesWith(seconds), []);
});

onLinux('`kill` ends the tree and says how; again it does nothing', async (t) => {
  const seconds = uniqueSeconds();
  const command = startCommand('sh', ['-c', `sleep ${seconds} & wait`]);
  await waitForCondition('the sleeper', () => processesWith(seconds).length === 1);
  const result = await command.kill();
  t.is(result.signal, 'SIGTERM');
  t.is(result.endedBy, 'soft');
  t.deepEqual(processesWith(seconds), []);
  t.is((await command.kill()).signal, 'SIGTERM');
  t.is((await errorOf(command.wait())).reason, 'signal');
  t.false(command.sendSignal('SIGTERM'));
});

onLinux('`kill` with `grace: 0` and with another signal; `sendSignal` only sends', async (t) => {
  const killed = startCommand('sleep', [uniqueSeconds()]);
  t.is((await killed.kill({ grace: 0 })).signal, 'SIGKILL');
  const interrupted = startCommand('sleep', [uniqueSeconds()], { timeout: ENOUGH_MS });
  t.is((await interrupted.kill({ signal: 'SIGINT' })).signal, 'SIGINT');
  const sent = startCommand('sleep', [uniqueSeconds()]);
  t.true(sent.sendSignal('SIGHUP'));
  t.is((await errorOf(sent.wait())).signal, 'SIGHUP');
});

onLinux('a block that it belongs to leaves nothing behind', async (t) => {
  const seconds = uniqueSeconds();
  const command = startCommand('sleep', [seconds]);
  await command[Symbol.asyncDispose]();
  t.deepEqual(processesWith(seconds), []);
});

onLinux('what cannot be started says so to whoever waits', async (t) => {
  const command = startCommand('no-such-program');
  t.is(command.pid, undefined);
  t.is((await errorOf(command.wait())).reason, 'spawn');
  t.is((await errorOf(command.communicate({ input: 'x' }))).reason, 'spawn');
  t.is((await command.kill()).pid, undefined);
  const refused = startCommand('true', [], { timeout: 0 });
  t.true((await failureOf(refused.wait())) instanceof CommandTimeoutError);
});
