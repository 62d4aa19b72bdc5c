import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { packageRoot } from '../harness/package-root.js';
import { readPage, readPages, readText, type CodeBlock } from './markdown.js';

const pages = readPages();

for (const page of pages) {
  test(`the links of ${page.path} lead somewhere`, (t) => {
    for (const target of page.linkTargets) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? page.path : normalize(join(dirname(page.path), path));
      t.true(existsSync(join(packageRoot, linked)), `${target}: there is no ${linked}`);
      if (anchor !== undefined && linked.endsWith('.md')) {
        t.true(readPage(linked).anchors.has(anchor), `${target}: ${linked} has no such heading`);
      }
    }
    t.pass();
  });

  test(`the files that ${page.path} names exist`, (t) => {
    const named = page.prose.matchAll(/`((?:src|native|test|examples|scripts|docs)\/[\w./-]*)`/g);
    for (const [, path = ''] of named) t.true(existsSync(join(packageRoot, path)), path);
    t.pass();
  });

  for (const [index, block] of page.codeBlocks.entries()) {
    if (block.language !== 'ts') continue;
    test(`snippet ${String(index + 1)} of ${page.path} is part of an example`, (t) => {
      const path = block.label ?? '';
      t.regex(path, /^examples\/[\w/-]+\.ts$/, 'the comment above a snippet names its example');
      t.is(missingPart(block, readText(path).split('\n')), undefined);
    });
  }
}

test('every page of the documentation leads on', (t) => {
  for (const { path, text } of pages) {
    if (!path.startsWith('docs/')) continue;
    const lastLine = text.trimEnd().split('\n').at(-1) ?? '';
    t.regex(lastLine, /^\[\*\*Next\*\*: .+\) · \[\*\*Previous\*\*: .+\) · \[\*\*Top\*\*\]/, path);
  }
});

test('every page of the documentation can be reached from the README', (t) => {
  const linked = readPage('README.md').linkTargets.map((target) => target.split('#')[0]);
  for (const { path } of pages) {
    if (path.startsWith('docs/')) t.true(linked.includes(path), path);
  }
});

test('the README stays short, and warns on its first screen', (t) => {
  const lines = readText('README.md').split('\n');
  t.true(lines.length <= 151);
  const firstScreen = lines.slice(0, 30).join('\n');
  t.regex(firstScreen, /no `catch` and no `finally`/);
});

/** The first run of lines that the example does not have; a line `// …` stands for lines left out. */
function missingPart({ lines }: CodeBlock, example: readonly string[]): string | undefined {
  let from = 0;
  for (const part of lines.join('\n').split(/^\s*\/\/ …$/m)) {
    const wanted = part.replace(/^\n+|\n+$/g, '').split('\n');
    const at = example.findIndex(
      (_, start) =>
        start >= from && wanted.every((line, offset) => example[start + offset] === line),
    );
    if (at === -1) return wanted.join('\n');
    from = at + wanted.length;
  }
  return undefined;
}
