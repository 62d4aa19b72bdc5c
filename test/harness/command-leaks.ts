import type { ExecutionContext } from 'ava';
import { runCommand } from 'hardstop';
import { openDescriptors, processesWith, uniqueSeconds, zombies } from './live-processes.js';
import { waitForCondition } from './wait-for.js';

/** Asserts that so many commands that cannot be started leave no descriptor. */
export async function assertFailuresLeaveNothing(
  t: ExecutionContext,
  count: number,
): Promise<void> {
  const fail = (): Promise<unknown> =>
    runCommand('no-such-program', [], { input: 'x' }).catch(() => undefined);
  await fail();
  const before = openDescriptors();
  for (let i = 0; i < count; i++) await fail();
  await waitForCondition('the descriptors', () => openDescriptors().length <= before.length);
  t.deepEqual(openDescriptors(), before);
}

/** Asserts that so many commands, which end in all ways, leave no zombie, no descriptor and no process. */
export async function assertCommandsLeaveNothing(
  t: ExecutionContext,
  count: number,
): Promise<void> {
  const seconds = uniqueSeconds();
  const commands = [
    () => runCommand('true', [], { timeout: 60_000 }),
    () => runCommand('sh', ['-c', 'cat; exit 3'], { input: 'x' }),
    () => runCommand('sh', ['-c', `sleep ${seconds} & wait`], { timeout: 20, grace: 0 }),
    () => runCommand('sh', ['-c', `echo x; sleep ${seconds}`], { timeout: 10 }),
  ];
  const runOne = async (index: number): Promise<void> => {
    await commands[index % commands.length]?.().catch(() => undefined);
  };
  await runOne(0);
  const before = openDescriptors();
  for (let i = 0; i < count; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => runOne(i + index)));
  }
  await waitForCondition('the descriptors', () => openDescriptors().length <= before.length);
  t.deepEqual(openDescriptors(), before);
  await waitForCondition('no zombies', () => zombies().length === 0);
  t.deepEqual(processesWith(seconds), []);
}
