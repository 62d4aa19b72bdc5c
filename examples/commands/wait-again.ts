import { isTimeoutError, startCommand } from 'hardstop';

const command = startCommand('sh', ['-c', 'sleep 1; cat']);
for (;;) {
  try {
    const input = command.stdin?.writableEnded === true ? undefined : 'all of the input';
    const { stdout } = await command.communicate({ input, timeout: 300 });
    console.log('answer:', stdout);
    break;
  } catch (error) {
    if (!isTimeoutError(error)) throw error;
    // It runs on, and nothing is lost: here one could look after something else.
  }
}
console.log('exit code', command.exitCode);
