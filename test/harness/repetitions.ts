/**
 * How often a test repeats an operation: `count` times, a tenth of it under HARDSTOP_TEST_FAST=1 (the faster matrix),
 * or as often as HARDSTOP_TEST_SCALE says (2 = twice as often).
 */
export function repetitions(count: number): number {
  const scale = Number(process.env.HARDSTOP_TEST_SCALE ?? 1);
  const fast = process.env.HARDSTOP_TEST_FAST === '1' ? 0.1 : 1;
  return Math.max(1, Math.ceil(count * scale * fast));
}
