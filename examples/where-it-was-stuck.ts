import { isTimeoutError, runSync } from 'hardstop';

function spin(): void {
  for (;;);
}

try {
  runSync(spin, { timeout: 300, name: 'layout' });
} catch (error) {
  if (!isTimeoutError(error) || !(error.cause instanceof Error)) throw error;
  console.log(error.message.split(' (')[0]);
  console.log('stuck', error.cause.stack?.split('\n')[1]?.trim().split(' (')[0]);
}
