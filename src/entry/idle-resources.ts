// What keeps the event loop of this thread alive while it waits for work: where there is more after a task, the task has
// left something running.

let idle = Infinity;

/** Called by the program of a worker or process once it is ready for its first request. */
export function markIdle(): void {
  idle = process.getActiveResourcesInfo().length;
}

/** Whether nothing keeps the loop alive that was not there when the thread became ready. */
export function isIdle(): boolean {
  return process.getActiveResourcesInfo().length <= idle;
}
