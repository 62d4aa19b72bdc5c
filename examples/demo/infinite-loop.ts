import type { DemoCase } from './demo-case.js';

/** Collatz, with the one case forgotten that ends it. */
function countSteps(start: number): number {
  let steps = 0;
  for (let n = start; n !== 0; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
  return steps;
}

export const infiniteLoop: DemoCase = {
  title: 'infinite loop',
  subject: 'a loop that waits for 0 and only ever sees 4, 2, 1',
  timeoutMs: 200,
  prepare: () => ({ work: () => countSteps(27) }),
};
