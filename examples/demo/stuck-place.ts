import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One line of a stack: `at FUNCTION (PLACE)`. */
interface Frame {
  readonly callee: string;
  readonly place: string;
}

const FRAME = /^\s*at (?:async )?(?:(?<callee>.+) \((?<place>.+)\)|(?<bare>.+))$/;

/** Where an Error was captured: the innermost function, its caller where it is a built-in, and the line. */
export function describeStuckPlace(error: Error): string {
  const [innermost, ...callers] = (error.stack ?? '').split('\n').flatMap(parseFrame);
  if (innermost === undefined) return 'unknown';
  if (!isBuiltIn(innermost)) return `${innermost.callee} ${shorten(innermost.place)}`;
  const caller = callers.find((frame) => !isBuiltIn(frame));
  if (caller === undefined) return innermost.callee;
  return `${innermost.callee} < ${caller.callee} ${shorten(caller.place)}`;
}

function isBuiltIn({ place }: Frame): boolean {
  return place === '<anonymous>' || place.startsWith('node:');
}

function parseFrame(line: string): readonly Frame[] {
  const { callee, place, bare } = FRAME.exec(line)?.groups ?? {};
  if (bare !== undefined) return [{ callee: '(anonymous)', place: bare }];
  return callee === undefined || place === undefined ? [] : [{ callee, place }];
}

/** Relative to where the demo was started; what is no file (`wasm://…`) stays as it is. */
function shorten(place: string): string {
  if (place.startsWith('file:')) {
    const [, url, position = ''] = /^(.*?\.[jt]s)(:.*)?$/.exec(place) ?? [];
    return url === undefined ? place : shorten(fileURLToPath(url) + position);
  }
  return isAbsolute(place) ? relative(process.cwd(), place) : place;
}
