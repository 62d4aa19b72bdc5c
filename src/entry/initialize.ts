import { loadTask } from './load-task.js';
import { whileLoadingTaskModule } from './loading-module.js';
import type { Initializer } from './worker-messages.js';

/** Does what a worker or process is to do before its first task; rejects with what went wrong. */
export async function initialize(initializer: Initializer): Promise<void> {
  if (typeof initializer === 'string') {
    await whileLoadingTaskModule(initializer, () => import(initializer));
    return;
  }
  const work = await loadTask(initializer);
  await work();
}
