const READINGS = 10_000;

/** The smallest step that `performance.now()` was seen to take, ns. */
export function measureClockStep(): number {
  let smallest = Infinity;
  let before = performance.now();
  for (let i = 0; i < READINGS; i++) {
    const reading = performance.now();
    if (reading > before) smallest = Math.min(smallest, reading - before);
    before = reading;
  }
  return Math.round(smallest * 1e6);
}
