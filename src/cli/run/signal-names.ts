import { constants } from 'node:os';

/** Signal numbers by name, without `SIG`. */
const numbers = new Map(
  Object.entries(constants.signals).map(([name, number]) => [name.slice(3), number]),
);
/** Where two names mean one signal, the one that is said. */
const PREFERRED = new Set(['ABRT', 'CHLD', 'POLL']);
const ALIASES: Readonly<Record<string, string>> = { CLD: 'CHLD', IO: 'POLL' };

/** Of glibc; no other system's are named. */
const REAL_TIME = process.platform === 'linux' ? { first: 34, last: 64 } : undefined;
const HIGHEST = REAL_TIME?.last ?? 31;

/** The number of a signal that is given as `kill` takes it: `15`, `TERM`, `SIGTERM`, `term`, `RTMIN+1`; 0 is none. */
export function parseSignal(text: string): number | undefined {
  const name = text.toUpperCase();
  const number = /^\d/.test(text)
    ? parseNumber(text)
    : (find(name) ?? find(name.replace(/^SIG/, '')));
  return number !== undefined && number <= HIGHEST ? number : undefined;
}

/** As messages have it: `TERM`, `RTMIN+1`, or the number. */
export function signalName(number: number): string {
  const names = [...numbers].filter(([, value]) => value === number).map(([name]) => name);
  const known = names.find((name) => PREFERRED.has(name)) ?? names[0];
  return known ?? realTimeName(number) ?? String(number);
}

/** The number that Node knows a signal by, if this system has it. */
export function signalNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** What a shell says of a command that was ended by a signal (128 more) means that signal too. */
function parseNumber(text: string): number | undefined {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 0x7fff_ffff) return undefined;
  return number & (number >= 0xff ? 0xff : 0x7f);
}

function find(name: string): number | undefined {
  if (name === 'EXIT') return 0;
  return numbers.get(name) ?? numbers.get(ALIASES[name] ?? '') ?? findRealTime(name);
}

function findRealTime(name: string): number | undefined {
  const [, base, offset = '0'] = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? [];
  if (REAL_TIME === undefined || base === undefined) return undefined;
  const number = (base === 'MIN' ? REAL_TIME.first : REAL_TIME.last) + Number(offset);
  return number >= REAL_TIME.first && number <= REAL_TIME.last ? number : undefined;
}

function realTimeName(number: number): string | undefined {
  if (REAL_TIME === undefined || number < REAL_TIME.first) return undefined;
  const { first, last } = REAL_TIME;
  const [base, offset] =
    number <= first + (last - first) / 2 ? ['RTMIN', number - first] : ['RTMAX', number - last];
  if (offset === 0) return base;
  return `${base}${offset > 0 ? '+' : ''}${String(offset)}`;
}
