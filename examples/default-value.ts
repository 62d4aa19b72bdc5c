import { runSync } from 'hardstop';

function search(): number {
  for (;;);
}

console.log(runSync(search, { timeout: 20, default: -1 }));
console.log(runSync(search, { timeout: 20, error: false }));

try {
  runSync(search, { timeout: 20, error: 'The report took too long' });
} catch (error) {
  console.log(String(error));
}
