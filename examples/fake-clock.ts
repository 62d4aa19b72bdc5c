import { strict as assert } from 'node:assert';
import { run } from 'hardstop';
import { installFakeClock } from 'hardstop/testing';

/** What is tested: asks again after a minute without an answer, three times at most. */
async function askPatiently(ask: () => Promise<string>): Promise<string> {
  for (let attempt = 1; attempt <= 3; attempt++) {
    const answer = await run(ask, { timeout: 60_000, error: false });
    if (answer !== undefined) return answer;
  }
  return 'nobody answers';
}

const clock = installFakeClock();
const never = (): Promise<string> => new Promise(() => undefined);

const outcome = askPatiently(never);
await clock.advance(180_000);
assert.equal(await outcome, 'nobody answers');
console.log('gave up after', clock.now(), 'ms');

const scope = run(never, { timeout: 86_400_000, default: 'a day later' });
console.log('jumped', await clock.jump(), 'ms:', await scope);

clock.uninstall();
