import { isTimeoutError, startCommand } from 'hardstop';

// Ends the command when it has not made progress for a second, however long it takes in all.
const command = startCommand('sh', ['-c', 'echo 10 %; echo 20 %; sleep 100'], {
  idleTimeout: 1_000,
});
try {
  for await (const line of command) console.log('progress:', line);
} catch (error) {
  if (!isTimeoutError(error)) throw error;
  console.log('stuck for', error.timeout, 'ms');
}
