import type { DemoCase } from './demo-case.js';

/** Called often with little to do, and once with input that it never finishes. */
function sumClock(turns: number): number {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += Date.now();
  return sum;
}

export const warmThenStuck: DemoCase = {
  title: 'warm, then stuck',
  subject: 'a hot function in a leaf loop, which engines from Node 24 on are blind in',
  timeoutMs: 100,
  prepare: () => {
    for (let i = 0; i < 10; i++) sumClock(100);
    return { work: () => sumClock(Infinity) };
  },
};
