import { isTimeoutError, runSync } from 'hardstop';

function parse(input: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < input.length) {
    const end = input.indexOf(',', at);
    if (end === -1) continue; // The bug: the last field is never taken, and the loop never ends.
    fields.push(input.slice(at, end));
    at = end + 1;
  }
  return fields;
}

console.log(runSync(() => parse('a,b,'), 5_000));

try {
  runSync(() => parse('a,b'), 50);
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log(`${error.name} after ${String(error.timeout)} ms, stopped: ${String(error.stopped)}`);
}
