import test from 'ava';
import { race } from '../harness/race.js';
import { repetitions } from '../harness/repetitions.js';
import { strategies } from '../harness/strategies.js';

for (const strategy of strategies()) {
  const calls = repetitions(strategy === 'native' ? 1_000_000 : 20_000);

  test(`${calls} calls that end with their deadline [${strategy}]`, (t) =>
    race(t, strategy, calls, 0));

  test(`${calls} of them in 4 threads at once [${strategy}]`, (t) =>
    race(t, strategy, calls / 4, 4));
}
