import test, { type ExecutionContext } from 'ava';
import type { DoctorReport } from '#internal/cli/doctor/report.js';
import { strategies } from '../harness/strategies.js';
import { runCli } from './run-cli.js';

const nativeWorks = strategies().includes('native');

/** What it says of a machine that let it stop its loops on time: on a busy one not always at the first try. */
async function healthyReport(t: ExecutionContext): Promise<DoctorReport> {
  for (let tries = 0; ; tries++) {
    const { code, stdout, stderr } = await runCli(['doctor', '--json']);
    const report = JSON.parse(stdout) as DoctorReport;
    t.is(code, report.ok ? 0 : 1, stderr);
    t.is(
      report.ok,
      report.selfChecks.every(({ passed }) => passed),
    );
    if (report.ok || tries === 9) return report;
  }
}

test('doctor --json says what works here, and proves it', async (t) => {
  const report = await healthyReport(t);
  t.true(report.ok);
  t.like(report.machine, { node: process.versions.node, v8: process.versions.v8 });
  t.is(report.capabilities.automatic, nativeWorks ? 'native' : 'vm');
  for (const capability of Object.values(report.capabilities.strategies)) {
    t.is(typeof capability.available, 'boolean');
    t.true(capability.reason.length > 0);
  }
  t.deepEqual(
    report.selfChecks.map(({ name, timeoutMs }) => [name, timeoutMs]),
    [
      ['loop', 20],
      ['warm loop', 10],
    ],
  );
  for (const { passed, latenessMs, strategy, stage, stuck } of report.selfChecks) {
    t.true(passed);
    t.true(latenessMs !== undefined && latenessMs >= 0);
    t.is(strategy, nativeWorks ? 'native' : 'vm');
    if (stage === 'interrupt') t.regex(stuck ?? '', /self-check/);
  }
  if (nativeWorks) {
    t.deepEqual(report.nativeErrors, []);
    t.regex(report.capabilities.addon?.path ?? '', /\.node$/);
  }
});

test('doctor tells a person why the rest does not work', async (t) => {
  const { stdout } = await runCli(['doctor'], { HARDSTOP_DISABLE_NATIVE: '1' });
  t.regex(stdout, /^set +HARDSTOP_DISABLE_NATIVE=1$/m);
  t.regex(stdout, /^ {2}native +no +.*HARDSTOP_DISABLE_NATIVE=1/m);
  t.regex(stdout, /^ {2}vm +yes /m);
  t.regex(stdout, /^ {2}automatic +vm is what runSync takes$/m);
  t.regex(stdout, /^ {2}addon +none$/m);
  t.regex(stdout, /^ {2}prompt +(yes|no) +by (flag|engine|nothing): /m);
  t.regex(stdout, /^ {2}loop +(?:passed|FAILED) {2}limit 20 ms, [\d.]+ ms late \(vm, /m);
});

test('doctor says which of the cures is at work', async (t) => {
  const { stdout } = await runCli(['doctor', '--json'], { HARDSTOP_UNBLIND: '0' });
  const { capabilities } = JSON.parse(stdout) as DoctorReport;
  t.not(capabilities.prompt.by, 'cure');
  t.is(capabilities.prompt.prompt, capabilities.prompt.by !== 'nothing');
  t.true(capabilities.prompt.reason.length > 0);
});
