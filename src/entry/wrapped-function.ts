/** Marks functions that were made by `timeoutable`, in every installed copy of this package. */
const BRAND = Symbol.for('hardstop.wrapped');

type AnyFunction = (...args: never[]) => unknown;

/** What a wrapper is made from, and where. */
export interface WrappedFunction {
  /** `line:column` of the call that made the wrapper, in the module as the engine sees it. */
  readonly site: string;
  readonly work: AnyFunction;
}

/** Makes a wrapper known, so that a worker or process that loads its module can find the function in it. */
export function markWrapped(wrapper: AnyFunction, wrapped: WrappedFunction): void {
  Object.defineProperty(wrapper, BRAND, { value: Object.freeze({ ...wrapped }) });
}

/** The function behind the exported wrapper that was made at `site`; `undefined` if no export is that. */
export function findWrapped(
  namespace: Readonly<Record<string, unknown>>,
  site: string,
): AnyFunction | undefined {
  for (const exported of Object.values(namespace)) {
    if (typeof exported !== 'function') continue;
    const wrapped = (exported as { readonly [BRAND]?: WrappedFunction })[BRAND];
    if (wrapped?.site === site) return wrapped.work;
  }
  return undefined;
}
