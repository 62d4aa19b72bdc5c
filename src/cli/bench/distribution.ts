/** What is left of many samples when a table has room for five numbers. All in the samples' unit. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Summarises at least one sample. A percentile is the smallest sample that so many percent do not exceed. */
export function summarize(samples: readonly number[]): Distribution {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
  return {
    count: sorted.length,
    min: at(0),
    p50: at(50),
    p90: at(90),
    p99: at(99),
    max: at(100),
  };
}
