import { openSync, statSync } from 'node:fs';

/**
 * Opens a file that a command reads or writes. A FIFO is refused: whoever opens one waits for its other end, and that would
 * be this thread, beyond any limit.
 *
 * @throws what opening throws
 */
export function openFile(path: string, flags: 'r' | 'w' | 'a'): number {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true) {
    throw Object.assign(new Error(`ENOTSUP: a FIFO is not opened here, open '${path}'`), {
      code: 'ENOTSUP',
      syscall: 'open',
      path,
    });
  }
  return openSync(path, flags);
}
