import { runInNewContext } from 'node:vm';

interface RealmErrorClass {
  new (): { readonly stack: unknown };
  captureStackTrace(target: object, above?: (...args: never[]) => unknown): void;
}

interface Marker {
  readonly name: string;
  readonly file: string;
}

let RealmError: RealmErrorClass | undefined;
const markers: Marker[] = [];
const passages = new Set<string>();
const learned = new Set<unknown>();

/**
 * Learns what a function looks like on the stack of which one is there for each scope that runs: a bundler may have moved
 * and renamed it.
 *
 * @param callee what it has called, and calls this
 */
export function learnExecution(callee: (...args: never[]) => unknown): void {
  if (learned.has(callee)) return;
  learned.add(callee);
  const [frame] = captureFrames(callee);
  const name = frame?.getFunctionName();
  const file = frame?.getFileName();
  if (typeof name === 'string' && typeof file === 'string') markers.push({ name, file });
}

/**
 * Learns a call in such a function that stands for no scope of its own: it only hands on to another one of them.
 *
 * @param callee what it has called there, and calls this
 */
export function learnPassage(callee: (...args: never[]) => unknown): void {
  if (learned.has(callee)) return;
  learned.add(callee);
  const [frame] = captureFrames(callee);
  if (frame !== undefined) passages.add(placeOf(frame));
}

/**
 * How many runs of scopes are on the stack, also after a termination has unwound some that could not take note of it.
 * Takes some µs per 100 frames.
 *
 * @returns `undefined` where that cannot be told
 */
export function countExecutions(): number | undefined {
  if (markers.length === 0) return undefined;
  const frames = captureFrames();
  if (frames.length === 0) return undefined;
  let count = 0;
  for (const frame of frames) {
    const name = frame.getFunctionName();
    const file = frame.getFileName();
    if (!markers.some((marker) => marker.name === name && marker.file === file)) continue;
    if (passages.size === 0 || !passages.has(placeOf(frame))) count++;
  }
  return count;
}

function placeOf(frame: NodeJS.CallSite): string {
  return [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()].join(':');
}

function captureFrames(above?: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  try {
    // An Error of its own realm, so that the settings of stack traces in this one are neither read nor touched.
    RealmError ??= makeRealmError();
    const error = new RealmError();
    if (above !== undefined) RealmError.captureStackTrace(error, above);
    return Array.isArray(error.stack) ? (error.stack as readonly NodeJS.CallSite[]) : [];
  } catch {
    // No stack left. The error is one of that realm, which must not get out.
    return [];
  }
}

function makeRealmError(): RealmErrorClass {
  const source =
    'Error.stackTraceLimit = 1_000_000; Error.prepareStackTrace = (_, frames) => frames; Error';
  return runInNewContext(source) as RealmErrorClass;
}
