import {
  assertCommandsLeaveNothing,
  assertFailuresLeaveNothing,
} from '../harness/command-leaks.js';
import { onLinux } from '../harness/command-test.js';
import { repetitions } from '../harness/repetitions.js';

onLinux('10,000 commands that cannot be started leave no descriptor', async (t) => {
  t.timeout(1_800_000);
  await assertFailuresLeaveNothing(t, repetitions(10_000));
});

onLinux('10,000 commands leave no zombie, no descriptor and no process', async (t) => {
  t.timeout(1_800_000);
  await assertCommandsLeaveNothing(t, repetitions(10_000));
});
