import { stringSetting, type TrialResult, type TrialSettings } from '#internal/cli/bench/trial.js';
import { run, Timeout } from 'hardstop';

const COUNT = 1_000_000;
/** Deadlines that neither rise nor fall. */
const limitOf = (index: number): number => 600_000 + ((index * 7_919) % 100_000);

const forever = new Promise<never>(() => undefined);

/** What a million scopes cost that wait at once, each of them: us to arm it, us to drop it, and bytes of memory. */
export async function measure(settings: TrialSettings): Promise<TrialResult> {
  const begin = beginner(stringSetting(settings, 'kind'));
  warmUp(begin);
  return { samples: await run(async () => timeMany(begin)) };
}

type Begin = (timeout: number) => Timeout;

function beginner(kind: string): Begin {
  if (kind === 'start') return (timeout) => new Timeout(timeout).start();
  return (timeout) => {
    const scope = new Timeout(timeout);
    void scope.run(() => forever);
    return scope;
  };
}

/** Lets the engine optimise. */
function warmUp(begin: Begin): void {
  void run(() => {
    for (let i = 0; i < 20_000; i++) begin(limitOf(i)).cancel();
  });
}

function timeMany(begin: Begin): readonly number[] {
  const scopes = new Array<Timeout | undefined>(COUNT).fill(undefined);
  const before = usedHeap();
  let start = performance.now();
  for (let i = 0; i < COUNT; i++) scopes[i] = begin(limitOf(i));
  const armMs = performance.now() - start;
  const bytes = (usedHeap() - before) / COUNT;
  start = performance.now();
  for (const scope of scopes) scope?.cancel();
  const cancelMs = performance.now() - start;
  return [(armMs * 1_000) / COUNT, (cancelMs * 1_000) / COUNT, bytes];
}

function usedHeap(): number {
  (globalThis as { readonly gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
