/** Work that never ends by itself. */
export function loopForever(): never {
  for (;;);
}

/**
 * A limit for work that has to come to some place before it is struck there, ms. What a busy machine may keep a process
 * waiting for is less: some 100 ms.
 */
export const REACHABLE = 300;

/** Burns the thread's time up to an instant on the `performance.now()` scale. */
export function spinUntil(instant: number): void {
  while (performance.now() < instant);
}

/** Burns the thread's time for so many ms. */
export function spin(ms: number): void {
  spinUntil(performance.now() + ms);
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread for so many ms without burning its time. */
export function sleep(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
