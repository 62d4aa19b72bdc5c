import vm from 'node:vm';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { hasErrorCode } from '../errors/error-name.js';
import { BoundedMap } from '../strategy/bounded-map.js';
import { whileLoadingTaskModule } from './loading-module.js';
import type { ModuleTask, SourceTask, TransferableTask, WrappedTask } from './worker-messages.js';
import { findWrapped } from './wrapped-function.js';

export type TaskFunction = (...args: readonly unknown[]) => unknown;

/** The file name in the stack frames of functions that came as source. Neither a path nor a URL, so that an `import()`
 * in them is resolved from the working directory. */
const SOURCE_FILE = 'hardstop-task';

/** Compiled functions by their program. */
const compiled = new BoundedMap<string, TaskFunction>(100);

/** Loaded functions by the module's URL and their place in it; the modules themselves stay loaded anyway. */
const loaded = new Map<string, TaskFunction>();

/** The function of a task that is ready to be called; `undefined` if it must be loaded first. */
export function readyTask(task: TransferableTask): TaskFunction | undefined {
  return task.kind === 'source'
    ? (compiled.get(task.program) ?? compile(task))
    : loaded.get(keyOf(task));
}

/** Imports a task's module, with `import()`, and finds its function. */
export async function loadTask(task: ModuleTask | WrappedTask): Promise<TaskFunction> {
  const namespace = await importModule(task);
  const found =
    task.kind === 'module' ? findExport(namespace, task) : findOriginal(namespace, task);
  loaded.set(keyOf(task), found);
  return found;
}

/** A module's exports. Of a CommonJS module those that cannot be seen without running it are all under `default`. */
type Namespace = Readonly<Record<string, unknown>> & { readonly default?: unknown };

async function importModule(task: ModuleTask | WrappedTask): Promise<Namespace> {
  const { url } = task;
  try {
    return (await whileLoadingTaskModule(url, () => import(url))) as Namespace;
  } catch (cause) {
    if (!hasErrorCode(cause, 'ERR_MODULE_NOT_FOUND')) throw cause;
    const name = task.kind === 'module' ? task.exportName : task.name;
    throw new NotTransferableError(`The module of the task \`${name}\` was not found: ${url}`, {
      cause,
    });
  }
}

function findExport(namespace: Namespace, { url, exportName }: ModuleTask): TaskFunction {
  const found = namespace[exportName] ?? ownMember(defaultMembers(namespace), exportName);
  if (typeof found === 'function') return found as TaskFunction;
  throw new NotTransferableError(
    `The module ${url} has no function that is exported as \`${exportName}\` (its exports: ${
      Object.keys(namespace).join(', ') || 'none'
    })`,
  );
}

function findOriginal(namespace: Namespace, { url, site, name }: WrappedTask): TaskFunction {
  const found = findWrapped(namespace, site) ?? findWrapped(defaultMembers(namespace), site);
  if (found !== undefined) return found as TaskFunction;
  throw new NotTransferableError(
    `The function \`${name}\` that \`timeoutable\` has wrapped at ${url}:${site} is not an export of that module, so it cannot be ` +
      'found where it is to run: export the wrapper, or make the function self-contained',
  );
}

/** Not what every object inherits: `toString` is no export. */
function ownMember(members: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function defaultMembers({ default: members }: Namespace): Readonly<Record<string, unknown>> {
  return typeof members === 'object' && members !== null
    ? (members as Readonly<Record<string, unknown>>)
    : {};
}

/**
 * The error to report for one that a task has thrown: a variable that the function took from its surroundings is not
 * there in the worker, and "x is not defined" alone would puzzle whoever sees it defined on the line above.
 */
export function explainMissingVariable(task: TransferableTask, error: unknown): unknown {
  if (task.kind !== 'source' || !(error instanceof ReferenceError)) return error;
  const name = /^(\S+) is not defined$/.exec(error.message)?.[1];
  const thrownAt = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  if (name === undefined || thrownAt?.includes(SOURCE_FILE) !== true) return error;
  return new NotTransferableError(
    `The task uses \`${name}\`, which is not defined where it runs. A task function is sent as its source and cannot ` +
      'take variables from around it: pass them as `args`, or export the function from a module and name it by ' +
      '`task(import.meta.url, exportName)`',
    { cause: error },
  );
}

function compile({ program, form }: SourceTask): TaskFunction {
  const script = new vm.Script(program, {
    filename: SOURCE_FILE,
    // Costs a warning, once (silenced by the entry), so only where it may be needed.
    ...(program.includes('import') && {
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }),
  });
  const result = script.runInThisContext() as TaskFunction;
  const work = form === 'function' ? result : onlyMember(result);
  compiled.set(program, work);
  return work;
}

function onlyMember(object: object): TaskFunction {
  const [key] = Reflect.ownKeys(object);
  const member = Object.getOwnPropertyDescriptor(object, key as PropertyKey);
  return (member?.get ?? member?.set ?? member?.value) as TaskFunction;
}

function keyOf(task: ModuleTask | WrappedTask): string {
  return task.kind === 'module' ? `${task.url} ${task.exportName}` : `${task.url} ${task.site}`;
}
