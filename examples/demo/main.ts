// `npm run demo`: what blocks a thread, and what a limit does about it.
import { isTimeoutError, runSync, type TimeoutError } from 'hardstop';
import { catastrophicRegex } from './catastrophic-regex.js';
import type { DemoCase } from './demo-case.js';
import { hugeJson } from './huge-json.js';
import { infiniteLoop } from './infinite-loop.js';
import { silentPipe } from './silent-pipe.js';
import { describeStuckPlace } from './stuck-place.js';
import { warmThenStuck } from './warm-then-stuck.js';
import { webAssemblyLoop } from './webassembly-loop.js';

const cases: readonly DemoCase[] = [
  catastrophicRegex,
  infiniteLoop,
  webAssemblyLoop,
  warmThenStuck,
  silentPipe,
  hugeJson,
];

console.log(`Node ${process.versions.node}: runSync(work, limit), all in this one thread\n`);
for (const demoCase of cases) show(demoCase);
console.log('The thread is free again, and this line comes from the same process.');

function show(demoCase: DemoCase): void {
  console.log(`${demoCase.title}: ${demoCase.subject}`);
  const prepared = demoCase.prepare();
  if (typeof prepared === 'string') {
    line('not shown', prepared);
  } else {
    const start = performance.now();
    try {
      runSync(prepared.work, { timeout: demoCase.timeoutMs, name: demoCase.title });
      line('ended', 'by itself, in time');
    } catch (error) {
      const tookMs = performance.now() - start;
      if (!isTimeoutError(error)) throw error;
      showTimeout(error, tookMs);
    } finally {
      prepared.release?.();
    }
    if (demoCase.remark !== undefined) line('remark', demoCase.remark);
  }
  console.log();
}

function showTimeout(error: TimeoutError, tookMs: number): void {
  const late = tookMs - error.timeout;
  line(
    'took',
    `${tookMs.toFixed(2)} ms: limit ${String(error.timeout)} ms, ${late.toFixed(2)} ms late`,
  );
  line('ended by', `strategy ${error.strategy}, stage ${error.stage}`);
  line(
    'stuck in',
    error.cause instanceof Error ? describeStuckPlace(error.cause) : 'not known here',
  );
}

function line(label: string, text: string): void {
  console.log(`  ${label.padEnd(9)} ${text}`);
}
