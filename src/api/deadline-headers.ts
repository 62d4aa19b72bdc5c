import { isMap } from 'node:util/types';
import { invalidOptionType } from '../errors/invalid-option-error.js';
import { asyncNow } from '../core/async-clock.js';
import { formatGrpcTimeout, parseGrpcTimeout } from '../core/grpc-timeout.js';
import { copyOptions, parseDuration, type RunSyncOptions } from '../core/options.js';
import { scopeFor, Timeout } from '../core/timeout.js';
import { currentScope } from './current-scope.js';

/**
 * What {@link deadlineHeaders} gives, for the headers of a request: `'250000u'`, as gRPC writes it. No interface: one does
 * not fit into the `headers` of `fetch` and `http.request`.
 */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type DeadlineHeaders = { 'grpc-timeout'?: string };

/** Headers as Node, `fetch` and others have them; the case of their names does not matter. */
export type IncomingHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | ReadonlyMap<string, string | readonly string[] | undefined>
  | FetchHeaders;

/** As much of the `Headers` of `fetch` as is needed. */
export interface FetchHeaders {
  get(name: string): string | null;
}

const NAME = 'grpc-timeout';
const OPTION = `headers['${NAME}']`;
const RULE = 'one timeout of 1 to 8 digits and a unit (H, M, S, m, u or n)';

/**
 * Gives the header that lets the receiver of a request stop when its sender stops waiting: `grpc-timeout`, with what is
 * left of the deadline.
 *
 * What travels is a length of time and no instant, so the clocks of the two need not agree; the time on the way is not
 * counted, so the receiver's deadline is that much later than the sender's. Rounded up to the finest unit that takes it in
 * eight digits (nanoseconds below 100 ms), so never shorter than what is left. A scope that has expired or ended gives
 * `1n`, the shortest timeout there is, as zero is not allowed there; one that is not running yet gives its timeout.
 *
 * @param scope whose deadline, with those around it, is sent; by default the innermost one of the running code
 * @returns an object of its own for each call, empty where there is no scope, or one without a limit
 * @throws InvalidOptionError when `scope` is not a `Timeout`
 * @example
 * await fetch(url, { headers: { accept: 'text/plain', ...deadlineHeaders() } });
 */
export function deadlineHeaders(scope: Timeout | undefined = currentScope()): DeadlineHeaders {
  if (scope === undefined) return {};
  if (!(scope instanceof Timeout)) throw invalidOptionType('scope', 'a Timeout', scope);
  const remaining = scope.remaining();
  return remaining === Infinity ? {} : { [NAME]: formatGrpcTimeout(remaining) };
}

/**
 * Makes the scope for a request that may have brought a deadline along: limited by its `grpc-timeout` header or by
 * `options`, whichever comes first; without the header by `options` alone.
 *
 * Nothing is armed yet: `timeout` counts from the start of the run, as ever. On expiry the scope does what `options` say.
 * Zero is taken, as some clients send it, for a deadline that has passed: nothing is started. The header can only shorten
 * what `options` allow; whoever has no limit of their own lets the client choose one, of up to 11,407 years.
 *
 * @param headers of `node:http`, `node:http2` or `fetch`, a `Map` or a plain object
 * @param options the receiver's own limit in ms, or the options of a scope
 * @returns a new scope, to be run
 * @throws InvalidOptionError for a header that is malformed or there more than once, as gRPC refuses it (a server answers 400),
 *   and for a bad option
 * @example
 * const scope = scopeFromHeaders(request.headers, { timeout: 5_000 });
 */
export function scopeFromHeaders(
  headers: IncomingHeaders,
  options?: number | null | RunSyncOptions,
): Timeout {
  const sent = readTimeout(headers);
  if (sent === undefined) return scopeFor(options);
  if (typeof options !== 'object' || options === null) {
    return new Timeout(Math.min(sent, parseDuration(options, 'timeout')));
  }
  const { deadline } = options;
  // The two limits have no scale in common before the scope runs: the header's is put on that of the instants now.
  if (typeof deadline === 'number' && (options.timeout ?? undefined) === undefined) {
    return new Timeout(undefined, {
      ...copyOptions(options),
      deadline: Math.min(deadline, asyncNow() + sent),
    });
  }
  return new Timeout(Math.min(sent, parseDuration(options.timeout, 'timeout')), options);
}

/** The header's timeout in ms, if it is there. */
function readTimeout(headers: unknown): number | undefined {
  const values = valuesOf(headers);
  if (values.length === 0) return undefined;
  const value = values.length === 1 ? values[0] : values;
  const timeout = typeof value === 'string' ? parseGrpcTimeout(value) : undefined;
  if (timeout === undefined) throw invalidOptionType(OPTION, RULE, value);
  return timeout;
}

/** All values of the header; two names that differ in case only are the same header twice. */
function valuesOf(headers: unknown): readonly unknown[] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalidOptionType('headers', 'an object, a Map or a Headers', headers);
  }
  if (isMap(headers)) return valuesAmong(headers);
  if (!hasGet(headers)) return valuesAmong(Object.entries(headers));
  const value = headers.get(NAME);
  return value === null || value === undefined ? [] : [value];
}

function hasGet(headers: object): headers is { get(name: string): unknown } {
  return typeof (headers as { readonly get?: unknown }).get === 'function';
}

function valuesAmong(entries: Iterable<readonly [unknown, unknown]>): readonly unknown[] {
  const values: unknown[] = [];
  for (const [name, value] of entries) {
    const isIt =
      typeof name === 'string' && name.length === NAME.length && name.toLowerCase() === NAME;
    if (isIt && value !== undefined) values.push(value);
  }
  return values;
}
