// The examples of docs/command-line.md do what the page says.
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { readPage, section } from '../docs/markdown.js';
import { hardstop } from './beside-coreutils.js';

const posixTest = process.platform === 'win32' ? test.skip : test;
const text = section(readPage('docs/command-line.md'), 'hardstop run');
const [, session = ''] = /```console\n(.*?)```/s.exec(text) ?? [];

for (const example of session.split(/^\$ /m).filter(Boolean)) {
  const [command = '', ...shown] = example.split('\n');
  posixTest(command, (t) => {
    // Whatever options it runs with, only what it prints counts.
    const define = `hardstop() { shift; ${hardstop.map((word) => `'${word}'`).join(' ')} "$@"; }`;
    const { stdout } = spawnSync('sh', ['-c', `${define}; ${command}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    t.is(stdout, shown.join('\n'));
  });
}

test('the page names all options', async (t) => {
  const { RUN_HELP } = await import('#internal/cli/run/help.js');
  const [, ...inHelp] = Array.from(
    RUN_HELP.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm),
    ([, name]) => name,
  );
  for (const name of inHelp) t.true(text.includes(name ?? '?'), name);
  t.true(inHelp.length > 8);
});
