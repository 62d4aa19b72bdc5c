import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invalidOptionRange, invalidOptionType } from '../errors/invalid-option-error.js';
import { makeTaskReference, type TaskReference } from '../strategy/task-reference.js';

export type { TaskReference } from '../strategy/task-reference.js';

/**
 * Work that another thread or process can load: a self-contained function, which is sent as its source and so can take
 * nothing from around it, or a reference to an exported one, made by {@link task}.
 */
export type Task<Result = unknown, Args extends readonly unknown[] = readonly never[]> =
  ((...args: Args) => Result) | TaskReference<Result, Args>;

/**
 * Names an exported function as a task. Nothing is loaded here: the module is imported where the task runs, once in each
 * worker, and its top level runs there.
 *
 * @param module where the module is: `import.meta.url`, a URL, or an absolute path (`__filename`)
 * @param exportName what the function is exported as; `'default'` for the default export
 * @returns a frozen reference; `task<typeof parse>(…)` gives it the types of `parse`
 * @throws InvalidOptionError when `module` is not absolute or `exportName` is empty
 */
export function task<Work extends (...args: never[]) => unknown = (...args: unknown[]) => unknown>(
  module: string | URL,
  exportName: string,
): TaskReference<ReturnType<Work>, Parameters<Work>> {
  if (typeof exportName !== 'string') {
    throw invalidOptionType('exportName', 'a non-empty string', exportName);
  }
  if (exportName === '') throw invalidOptionRange('exportName', 'a non-empty string', exportName);
  return makeTaskReference(moduleUrl(module), exportName) as TaskReference<
    ReturnType<Work>,
    Parameters<Work>
  >;
}

/** The URL of a module that an option names; checked for its form alone. */
export function moduleUrl(module: unknown, option: string = 'module'): string {
  if (module instanceof URL) return module.href;
  const rule = 'a URL or an absolute path, such as `import.meta.url`';
  if (typeof module !== 'string') throw invalidOptionType(option, rule, module);
  if (isAbsolute(module)) return pathToFileURL(module).href;
  if (!URL.canParse(module)) throw invalidOptionRange(option, rule, module);
  return new URL(module).href;
}
