// The text of a timeout as gRPC sends it: up to eight digits and a unit (PROTOCOL-HTTP2.md, "TimeoutValue TimeoutUnit").

const MAX_COUNT = 99_999_999;
const FORM = /^[0-9]{1,8}[HMSmun]$/;

interface Unit {
  readonly letter: string;
  /** ms that `count` units are; divides where a unit is a fraction, so that whole ms come out whole. */
  readonly toMs: (count: number) => number;
}

/** The finest first. */
const UNITS: readonly Unit[] = [
  { letter: 'n', toMs: (count) => count / 1e6 },
  { letter: 'u', toMs: (count) => count / 1e3 },
  { letter: 'm', toMs: (count) => count },
  { letter: 'S', toMs: (count) => count * 1e3 },
  { letter: 'M', toMs: (count) => count * 60e3 },
  { letter: 'H', toMs: (count) => count * 3_600e3 },
];

/**
 * Writes a timeout in the finest unit that takes it, rounded up: what {@link parseGrpcTimeout} reads from it is never less,
 * and less than one unit more.
 *
 * @param ms from 0 up. `0` is written `'1n'`: the protocol asks for a positive number, and servers refuse zero. What is
 *   beyond the largest timeout (11,407 years), and `Infinity`, is written as that.
 */
export function formatGrpcTimeout(ms: number): string {
  for (const { letter, toMs } of UNITS) {
    if (ms > toMs(MAX_COUNT)) continue;
    // The nearest below, then up: `ms / unit` is not exact, and what is read back must not be a hair less than `ms`.
    let count = Math.max(1, Math.floor(ms / toMs(1)));
    while (toMs(count) < ms) count++;
    return `${String(count)}${letter}`;
  }
  return `${String(MAX_COUNT)}H`;
}

/**
 * Reads a timeout.
 *
 * @returns ms; 0 for a zero, which some clients send for a deadline that has passed; `undefined` for what is not one
 */
export function parseGrpcTimeout(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  const letter = text.slice(-1);
  return UNITS.find((unit) => unit.letter === letter)?.toMs(Number(text.slice(0, -1)));
}
