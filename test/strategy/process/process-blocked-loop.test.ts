import { readFileSync } from 'node:fs';
import ava from 'ava';
import { planTreeEnd } from '#internal/strategy/process-tree/plan-tree-end.js';
import { TimerTreeEnd } from '#internal/strategy/process-tree/timer-tree-end.js';
import { AMPLE, assertStopped, callOf, isLinux, startHost } from '../../harness/process-host.js';

/** Whether force comes from a thread of its own, and not from this one's event loop. */
const actsAlone = (): boolean => {
  const plan = planTreeEnd(
    { pid: process.pid, mark: undefined, scope: 'descendants' },
    { deadline: Infinity, grace: 0, signal: 'SIGTERM' },
  );
  plan.rootEnded(false);
  return !(plan instanceof TimerTreeEnd);
};

const test = isLinux && actsAlone() ? ava.serial : ava.skip;

test('force comes on time while the event loop of the owner is blocked', async (t) => {
  const host = await startHost(t);
  const call = callOf(
    () => {
      for (;;);
    },
    { timeout: 200, grace: 0 },
  );
  const running = host.run(call);
  // It is reaped by the loop alone: until then it is a zombie.
  const giveUpAt = performance.now() + AMPLE;
  let state: string | undefined;
  while (state !== 'Z' && performance.now() < giveUpAt) {
    const stat = readFileSync(`/proc/${String(host.id)}/stat`, 'latin1');
    state = stat.slice(stat.lastIndexOf(')') + 2)[0];
  }
  t.is(state, 'Z');
  const { stage, stopped } = assertStopped(t, await running.outcome);
  // On a crowded machine its process may have got the call at its deadline, and had the time to say so.
  t.regex(stage, /^(?:kill|refused)$/);
  t.true(stopped);
});
