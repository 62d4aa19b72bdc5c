import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { runCommand } from 'hardstop';
import { nativeIsSwitchedOff, processesWith } from '../harness/process-tree.js';
import { waitForCondition } from '../harness/wait-for.js';

/**
 * A dozen processes without an environment, each in a session of its own. They wake each other, and whichever is missing
 * is started anew by the others. They end by themselves when the time or their file is over.
 */
const BOMB = `
use Fcntl qw(:flock SEEK_SET);
use POSIX ();
my ($file, $end) = @ARGV;
$SIG{CHLD} = 'IGNORE';
live();

sub live {
  POSIX::setsid();
  open my $places, '+<', $file or exit;
  while (time < $end && -e $file) {
    kill CONT => grep { $_ > 0 } taken($places);
    if (flock $places, LOCK_EX | LOCK_NB) {
      start_missing($places);
      flock $places, LOCK_UN;
    }
    select undef, undef, undef, 0.0003;
  }
  exit;
}

sub taken {
  my ($places) = @_;
  sysseek $places, 0, SEEK_SET;
  sysread $places, my $text, 96;
  return unpack '(A8)12', $text;
}

sub start_missing {
  my ($places) = @_;
  my @taken = taken($places);
  for my $place (0 .. 11) {
    next if $taken[$place] > 0 && kill 0, $taken[$place];
    my $child = fork;
    return unless defined $child;
    live() unless $child;
    sysseek $places, $place * 8, SEEK_SET;
    syswrite $places, sprintf '%-8d', $child;
  }
}
`;

/** The folder of the control group that this process is in; `undefined`: no groups may be made there. */
function writableGroupFolder(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const group = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const mount = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(mounts)?.[1];
  if (group === undefined || mount === undefined) return undefined;
  const folder = join(mount, group);
  const probe = join(folder, `test-hardstop-${String(process.pid)}`);
  try {
    mkdirSync(probe);
    const canKill = existsSync(join(probe, 'cgroup.kill'));
    rmdirSync(probe);
    return canKill ? folder : undefined;
  } catch {
    return undefined;
  }
}

const groupFolder = writableGroupFolder();
const hasPerl = spawnSync('perl', ['-MPOSIX', '-e', '1']).status === 0;
const canRun = groupFolder !== undefined && hasPerl && !nativeIsSwitchedOff();
const withGroups = canRun ? test.serial : test.serial.skip;

async function lightAndEnd(folder: string): Promise<number[]> {
  const script = join(folder, 'bomb.pl');
  const places = join(folder, 'places');
  writeFileSync(script, BOMB);
  writeFileSync(places, '0       '.repeat(12));
  const end = String(Math.floor(Date.now() / 1000) + 60);
  const controller = new AbortController();
  const { signal } = controller;
  const options = { signal, timeout: 60_000, grace: 0 };
  const running = runCommand('env', ['-i', 'perl', script, places, end], options);
  const ended = running.catch((error: unknown) => error);
  await waitForCondition('the bomb is there', () => processesWith(script).length > 12);
  controller.abort();
  await ended;
  // Whoever was started by one that was killed would start the others again.
  await delay(300);
  return processesWith(script);
}

withGroups('a fork bomb that hides and wakes itself is ended, all of it', async (t) => {
  // It gets away from those who kill one after the other each third time.
  for (let round = 0; round < 4; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'hardstop-bomb-'));
    try {
      t.deepEqual(await lightAndEnd(folder), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const own = new RegExp(`^hardstop-\\d+\\.${String(process.pid)}\\.`);
  t.deepEqual(
    readdirSync(groupFolder ?? '').filter((name) => own.test(name)),
    [],
  );
});
