import { isLoadingTaskModule } from '../../entry/loading-module.js';
import type { TransferableTask } from '../../entry/worker-messages.js';
import { invalidOptionType } from '../../errors/invalid-option-error.js';
import { NotTransferableError } from '../../errors/not-transferable-error.js';
import { functionSource } from '../function-source.js';
import { isTaskReference } from '../task-reference.js';

/**
 * A task in a form that can be sent.
 *
 * @throws NotTransferableError when it is a function that cannot be sent; InvalidOptionError when it is neither a function
 *   nor a reference
 */
export function transferableTask(task: unknown): TransferableTask {
  if (typeof task === 'function') return functionSource(task as (...args: never[]) => unknown);
  if (isTaskReference(task)) {
    return { kind: 'module', url: task.url, exportName: task.exportName };
  }
  throw invalidOptionType('task', 'a self-contained function or a reference made by task()', task);
}

/** Refuses a task whose module is being loaded for a task here, by this very thread: that would go on for ever. */
export function refuseWhileLoading(task: TransferableTask): void {
  if (task.kind === 'source' || !isLoadingTaskModule(task.url)) return;
  throw new NotTransferableError(
    `The module ${task.url} runs a task of its own while it is being loaded for that very task, which would go on for ever: ` +
      'move the call into a function, or make it only `if (isMainThread)`',
  );
}
