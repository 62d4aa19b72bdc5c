// State of this thread, shared by the entry (which sets it) and the strategy (which asks) when hardstop is used inside
// one of its own workers. Without these two questions a module could start itself over and over.

let taskModule: string | undefined;
let started = false;

/** Called by the entry as its first act: whatever ran before it in this thread was a preload. */
export function markEntryStarted(): void {
  started = true;
}

/** Whether the entry of one of our workers has started in this thread. */
export function hasEntryStarted(): boolean {
  return started;
}

/** Runs `load` with `url` noted as the task module that this worker is loading. */
export async function whileLoadingTaskModule<T>(url: string, load: () => Promise<T>): Promise<T> {
  taskModule = url;
  try {
    return await load();
  } finally {
    taskModule = undefined;
  }
}

/** Whether this very module is being loaded, as a task's, by this worker right now. */
export function isLoadingTaskModule(url: string): boolean {
  return taskModule === url;
}
