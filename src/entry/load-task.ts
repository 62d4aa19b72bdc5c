import vm from 'node:vm';
import { NotTransferableError } from '../errors/not-transferable-error.js';
import { hasErrorCode } from '../errors/error-name.js';
import { whileLoadingTaskModule } from './loading-module.js';
import type { ModuleTask, SourceTask, TransferableTask } from './worker-messages.js';

export type TaskFunction = (...args: readonly unknown[]) => unknown;

/** The file name in the stack frames of functions that came as source. Neither a path nor a URL, so that an `import()`
 * in them is resolved from the working directory. */
const SOURCE_FILE = 'hardstop-task';

/** Compiled functions by their program; bounded, the oldest goes first. */
const compiled = new Map<string, TaskFunction>();
const MAX_COMPILED = 100;

/** Loaded exports by `url` and name; the modules themselves stay loaded anyway. */
const loaded = new Map<string, TaskFunction>();

/** The function of a task that is ready to be called; `undefined` if it must be loaded first. */
export function readyTask(task: TransferableTask): TaskFunction | undefined {
  return task.kind === 'source'
    ? (compiled.get(task.program) ?? compile(task))
    : loaded.get(exportKey(task));
}

/** Imports a task's module, with `import()`, and finds its function. */
export async function loadTask(task: ModuleTask): Promise<TaskFunction> {
  const { url, exportName } = task;
  let namespace: Readonly<Record<string, unknown>>;
  try {
    namespace = (await whileLoadingTaskModule(url, () => import(url))) as typeof namespace;
  } catch (cause) {
    if (!hasErrorCode(cause, 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw new NotTransferableError(
      `The module of the task \`${exportName}\` was not found: ${url}`,
      {
        cause,
      },
    );
  }
  // A CommonJS module whose exports cannot be seen without running it has them all under `default`.
  const found =
    namespace[exportName] ??
    (namespace['default'] as Readonly<Record<string, unknown>> | null | undefined)?.[exportName];
  if (typeof found !== 'function') {
    throw new NotTransferableError(
      `The module ${url} has no function that is exported as \`${exportName}\` (its exports: ${
        Object.keys(namespace).join(', ') || 'none'
      })`,
    );
  }
  loaded.set(exportKey(task), found as TaskFunction);
  return found as TaskFunction;
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
  if (compiled.size >= MAX_COMPILED) {
    const [oldest] = compiled.keys();
    if (oldest !== undefined) compiled.delete(oldest);
  }
  compiled.set(program, work);
  return work;
}

function onlyMember(object: object): TaskFunction {
  const [key] = Reflect.ownKeys(object);
  const member = Object.getOwnPropertyDescriptor(object, key as PropertyKey);
  return (member?.get ?? member?.set ?? member?.value) as TaskFunction;
}

function exportKey(task: ModuleTask): string {
  return `${task.url} ${task.exportName}`;
}
