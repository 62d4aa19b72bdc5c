/** What a `yield` of a coroutine gives for what it is given. */
export type Waited<T> = T extends readonly PromiseLike<unknown>[] | readonly unknown[]
  ? { -readonly [K in keyof T]: Awaited<T[K]> }
  : Awaited<T>;

/**
 * Gives a `yield` of a coroutine its type: `const body = yield* wait(fetch(url))`.
 *
 * @param value what to wait for: a promise, a thenable, an array of them (all), or a plain value
 * @returns, through `yield*`, what it settles with
 * @throws what it rejects with; at the deadline, the timeout
 */
export function* wait<const T>(value: T): Generator<T, Waited<T>, unknown> {
  return (yield value) as Waited<T>;
}
