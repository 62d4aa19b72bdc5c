// First, before any of your code runs; or: node --import hardstop/prompt
import 'hardstop/prompt';
import { isTimeoutError, runSync } from 'hardstop';

function sumClock(turns: number): number {
  let sum = 0;
  for (let i = 0; i < turns; i++) sum += Date.now();
  return sum;
}

// Warm, then stuck: the case in which Node 24 and later look for an interrupt only every few seconds.
for (let i = 0; i < 10; i++) sumClock(100);

try {
  runSync(() => sumClock(Infinity), 10);
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log('stopped promptly:', error.elapsed < 1_000);
}
