import { CommandError, CommandTimeoutError, runCommand } from 'hardstop';

const { stdout } = await runCommand('echo', ['hello'], { timeout: 10_000 });
console.log(stdout.trim());

try {
  // The shell, what it has started, and what that has started.
  await runCommand('echo begun; sleep 100 & sleep 100', [], { shell: true, timeout: 500 });
} catch (error) {
  if (!(error instanceof CommandTimeoutError)) throw error;
  console.log(
    `timed out; printed ${JSON.stringify(error.stdout)}; ended by the ${error.endedBy} signal`,
  );
}

try {
  await runCommand('sh', ['-c', 'echo no such luck >&2; exit 3']);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.log(error.reason, error.exitCode, String(error.stderr).trim());
}
