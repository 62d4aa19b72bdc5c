// What is not known of a command: these tests assert today's limits. When one starts failing, hardstop can promise more.
// Documented in docs/commands.md.
import { runCommand } from 'hardstop';
import { onLinux } from '../harness/command-test.js';

const ENOUGH_MS = 60_000;

onLinux('death of a real-time signal is an exit code of 0, as Node has it', async (t) => {
  const dies = 'kill -40 $$';
  const result = await runCommand('bash', ['-c', dies], { timeout: ENOUGH_MS });
  t.like(result, { exitCode: 0, signal: undefined });
});
