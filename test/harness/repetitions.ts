/** Whether this is one of the faster runs: what takes half a minute and is the same in all of them is left to the others. */
export const isFastRun: boolean = process.env.HARDSTOP_TEST_FAST === '1';

/**
 * How often a test repeats an operation: `count` times, a tenth of it under HARDSTOP_TEST_FAST=1 (the faster matrix),
 * or as often as HARDSTOP_TEST_SCALE says (2 = twice as often).
 */
export function repetitions(count: number): number {
  const scale = Number(process.env.HARDSTOP_TEST_SCALE ?? 1);
  return Math.max(1, Math.ceil(count * scale * (isFastRun ? 0.1 : 1)));
}
