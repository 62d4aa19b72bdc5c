import test from 'ava';
import { race } from '../harness/race.js';
import { repetitions } from '../harness/repetitions.js';
import { strategies } from '../harness/strategies.js';

for (const strategy of strategies()) {
  // A million of them: npm run test:soak.
  const calls = repetitions(strategy === 'native' ? 200_000 : 2_000);

  test(`of ${calls} calls that end with their deadline each has one outcome, and nothing is stopped behind them [${strategy}]`, (t) =>
    race(t, strategy, calls, 0));

  const each = Math.ceil(calls / 8);
  test(`the same with ${each} calls in each of 4 threads at once [${strategy}]`, (t) =>
    race(t, strategy, each, 4));
}
