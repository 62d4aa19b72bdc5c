/** One measured figure beside what it has to reach. */
export interface Figure {
  /** Version of the Node that was measured. */
  readonly node: string;
  readonly what: string;
  readonly value: number;
  readonly unit: 'us' | 'ns' | 'ms' | 'x' | 'bytes';
  /** The promise, in words; empty for a figure that is only shown. */
  readonly bar: string;
  readonly holds?: boolean;
}

/** A figure that must not be above its limit. */
export function atMost(
  limit: number,
  figure: Pick<Figure, 'node' | 'what' | 'value' | 'unit'>,
): Figure {
  return { ...figure, bar: `<= ${String(limit)} ${figure.unit}`, holds: figure.value <= limit };
}

/** A figure that must not be below its limit. */
export function atLeast(
  limit: number,
  figure: Pick<Figure, 'node' | 'what' | 'value' | 'unit'>,
): Figure {
  return { ...figure, bar: `>= ${String(limit)} ${figure.unit}`, holds: figure.value >= limit };
}

/** A figure without a promise. */
export function shown(figure: Pick<Figure, 'node' | 'what' | 'value' | 'unit'>): Figure {
  return { ...figure, bar: '' };
}
