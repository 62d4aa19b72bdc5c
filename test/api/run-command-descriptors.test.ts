import { spawnSync } from 'node:child_process';
import { onLinux } from '../harness/command-test.js';

onLinux('a command is ended though its process has used up its descriptors meanwhile', (t) => {
  const source = `
    import { closeSync, openSync } from 'node:fs';
    import { runCommand, startCommand } from 'hardstop';
    await runCommand('true');
    const options = { timeout: 200, grace: 0, stdio: 'ignore' };
    const command = startCommand('sh', ['-c', 'sleep 60 & wait'], options);
    const ended = command.wait().catch((error) => error);
    const open = [];
    try {
      for (;;) open.push(openSync('/dev/null'));
    } catch {}
    setTimeout(() => open.forEach((descriptor) => closeSync(descriptor)), 500);
    const { stopped } = await ended;
    console.log(stopped, command.signal);
  `;
  const script = 'ulimit -n 120 && exec "$0" --input-type=module -e "$1"';
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, source], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  t.is(stdout, 'true SIGKILL\n', stderr);
});
