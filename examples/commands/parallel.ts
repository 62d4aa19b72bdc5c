import { runCommands } from 'hardstop';

const commands = ['0.1', '0.2', '100'].map((seconds) => ({ file: 'sleep', args: [seconds] }));
const failed: string[] = [];
for await (const outcome of runCommands(commands, { concurrency: 3, timeout: 2_000 })) {
  if (outcome.status === 'rejected') failed.push(String(outcome.command.args));
}
console.log('too slow:', failed.join());
