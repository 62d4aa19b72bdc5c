/** Marks task references, in every installed copy of this package. */
const BRAND = Symbol.for('hardstop.task');

/** The names of the types that a task reference carries for the compiler; nothing at run time. */
declare const signature: unique symbol;

/** Names a function that another thread or process can load: a module, and what it is exported as. */
export interface TaskReference<
  Result = unknown,
  Args extends readonly unknown[] = readonly unknown[],
> {
  /** Where the module is. */
  readonly url: string;
  readonly exportName: string;
  /** @internal */
  readonly [signature]?: (...args: Args) => Result;
}

/** Makes a reference; frozen, so that what was checked stays true. */
export function makeTaskReference(url: string, exportName: string): TaskReference {
  return Object.freeze({ url, exportName, [BRAND]: true });
}

export function isTaskReference(value: unknown): value is TaskReference {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, BRAND);
}
