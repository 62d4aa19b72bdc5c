import v8 from 'node:v8';
import vm from 'node:vm';

/** Collects what nothing refers to; a `WeakRef` that was read in this turn of the event loop holds on until the next. */
export async function collectGarbage(): Promise<void> {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as () => void;
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
}
