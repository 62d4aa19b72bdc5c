import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capabilities } from 'hardstop';
import type { DemoCase, PreparedWork } from './demo-case.js';

export const silentPipe: DemoCase = {
  title: 'blocking read',
  subject: 'fs.readSync on a pipe that nobody writes to',
  timeoutMs: 200,
  prepare: () => {
    if (process.platform === 'win32') return 'needs a POSIX named pipe';
    if (!capabilities().strategies.native.available) return 'only the native strategy can stop it';
    return openSilentPipe();
  },
};

/** Opened for reading and writing, so that opening does not wait for a writer, and reading waits for ever. */
function openSilentPipe(): PreparedWork {
  const folder = mkdtempSync(join(tmpdir(), 'silent-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const descriptor = openSync(path, constants.O_RDWR);
  return {
    work: () => readSync(descriptor, Buffer.alloc(1)),
    release: () => {
      closeSync(descriptor);
      rmSync(folder, { recursive: true });
    },
  };
}
