import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CallSite } from './scope.js';

/** Where in which module a function was called, as the engine sees the module. */
export interface CallPlace {
  readonly url: string;
  /** `line:column`. */
  readonly site: string;
}

/**
 * The place of the call of `callee`, which is on the stack; `undefined` where that is in no file, as in `--eval`. No source
 * map is applied: the same module gives the same place wherever it is loaded.
 */
export function placeOfCall(callee: CallSite): CallPlace | undefined {
  const { stackTraceLimit } = Error;
  // Whoever formats stacks here must not see this one.
  const formatter = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  let caller: NodeJS.CallSite | undefined;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, sites) => sites;
    const holder: { readonly stack?: readonly NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, callee);
    caller = holder.stack?.[0];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (formatter === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Object.defineProperty(Error, 'prepareStackTrace', formatter);
  }
  const file = caller?.getFileName();
  if (typeof file !== 'string') return undefined;
  const url = isAbsolute(file) ? pathToFileURL(file).href : file;
  if (!URL.canParse(url)) return undefined;
  return { url, site: `${String(caller?.getLineNumber())}:${String(caller?.getColumnNumber())}` };
}
