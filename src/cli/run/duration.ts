/** Each suffix as a number of seconds. */
const SUFFIXES: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

// What C's strtod takes, blanks in front included, then at most one suffix.
const DURATION =
  /^[ \t-\r]*(?<sign>[+-]?)(?:(?<infinite>[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)|0[xX](?=\.?[\da-fA-F])(?<hex>[\da-fA-F]*\.?[\da-fA-F]*)(?:[pP](?<power>[+-]?\d+))?|(?<decimal>(?=\.?\d)\d*\.?\d*(?:[eE][+-]?\d+)?))(?<suffix>[smhd]?)$/;

/**
 * A duration as coreutils writes them, in ms: `2`, `0.5s`, `1e3`, `0x1p-3m`, `1d`, `inf`. Too large is `Infinity`, and what
 * is too small for a number, but not zero, is the smallest one. `undefined`: not a duration.
 */
export function parseDuration(text: string): number | undefined {
  const found = DURATION.exec(text)?.groups;
  if (found === undefined) return undefined;
  const seconds = magnitude(found);
  if (found['sign'] === '-' && seconds !== 0) return undefined;
  return seconds * (SUFFIXES[found['suffix'] ?? ''] ?? 1) * 1000;
}

function magnitude({ infinite, hex, power, decimal }: Record<string, string | undefined>): number {
  if (infinite !== undefined) return Infinity;
  const digits = hex ?? decimal?.split(/[eE]/)[0] ?? '';
  if (/^[0.]*$/.test(digits)) return 0;
  const value = hex === undefined ? Number(decimal) : parseHex(hex, Number(power ?? 0));
  return Math.max(value, Number.MIN_VALUE);
}

function parseHex(digits: string, power: number): number {
  const [whole = '', fraction = ''] = digits.split('.');
  let mantissa = 0;
  for (const digit of whole + fraction) mantissa = mantissa * 16 + parseInt(digit, 16);
  return mantissa * 2 ** (power - 4 * fraction.length);
}
