import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import * as hardstop from 'hardstop';
import { packageRoot } from '../harness/package-root.js';
import { codeSpans, firstCells, readPage, readPages, readText, section } from './markdown.js';

// What the pages say there is, and what there is: the same names, both ways.

const semantics = readPage('docs/semantics.md');
const strategies = readPage('docs/strategies.md');
const errors = readPage('docs/errors.md');
const allText = readPages()
  .map(({ text }) => text)
  .join('\n');

const sources = listFiles('src', /\.ts$/);
const nativeSources = listFiles('native', /\.(?:cc|h)$/);

test('the members of Timeout', (t) => {
  const [documented = []] = firstCells(section(semantics, 'The scope: class `Timeout`'));
  const members = Object.getOwnPropertyNames(hardstop.Timeout.prototype).filter(
    (name) => name !== 'constructor',
  );
  t.deepEqual(sorted(documented.map((code) => code.replace(/\(.*/, ''))), sorted(members));
});

test('the states of a scope', (t) => {
  const row = section(semantics, 'The scope: class `Timeout`').split('\n');
  const documented = codeSpans(row.find((line) => line.startsWith('| `state`')) ?? '')
    .filter((code) => code.startsWith("'"))
    .map(unquote);
  t.deepEqual(sorted(documented), sorted(unionMembers('src/core/scope.ts', 'TimeoutState')));
});

test('the options of runSync, and what workers and processes take in addition', (t) => {
  const [common = [], additional = []] = firstCells(section(semantics, 'Options'));
  const options = readText('src/core/options.ts');
  t.deepEqual(
    sorted(common),
    sorted([...fieldsOf(options, 'ScopeOptions'), ...fieldsOf(options, 'RunSyncOptions')]),
  );
  const calls = readText('src/api/isolated-options.ts');
  const isolated = ['CallOptions', 'ArgsOption', 'WorkerOptions', 'ProcessOptions'];
  t.deepEqual(
    sorted(additional),
    sorted(new Set(isolated.flatMap((name) => fieldsOf(calls, name)))),
  );
});

test('the options of pools, and their members', (t) => {
  const page = readPage('docs/isolation.md');
  const [options = [], members = []] = firstCells(section(page, 'Pools'));
  t.deepEqual(
    sorted(options),
    sorted(fieldsOf(readText('src/api/pool-options.ts'), 'PoolOptions')),
  );
  const names = Object.getOwnPropertyNames(
    Object.getPrototypeOf(hardstop.createPool({ kind: 'worker' })),
  ).filter((name) => name !== 'constructor');
  const documented = members.map((code) => code.replace(/\(.*/, ''));
  t.deepEqual(sorted(documented.filter((name) => /^\w+$/.test(name))), sorted(names));
  const [mapOptions = []] = firstCells(section(page, 'Batch work'));
  t.deepEqual(
    sorted(mapOptions),
    sorted(fieldsOf(readText('src/api/pool-types.ts'), 'MapOptions')),
  );
});

test('the stages', (t) => {
  const [, table = []] = firstCells(section(errors, 'TimeoutError'));
  t.deepEqual(
    sorted(table.filter((code) => code.startsWith("'")).map(unquote)),
    sorted(unionMembers('src/strategy/strategy.ts', 'Stage')),
  );
});

test('the strategies', (t) => {
  for (const name of unionMembers('src/strategy/strategy.ts', 'StrategyName')) {
    t.true(strategies.prose.includes(`\`${name}\``), name);
  }
});

test('the error classes', (t) => {
  const [documented = []] = firstCells(errors.prose);
  const classes = Object.keys(hardstop).filter(
    (name) => name.endsWith('Error') && !name.startsWith('is'),
  );
  t.deepEqual(sorted(documented), sorted(classes));
});

test('the fields of TimeoutError', (t) => {
  const [documented = []] = firstCells(section(errors, 'TimeoutError'));
  const error = new hardstop.TimeoutError({
    timeout: 1,
    elapsed: 1,
    strategy: 'native',
    stage: 'late',
    stopped: true,
    cause: 1,
  });
  const told = new Set(['code', 'message', 'constructor', 'name']);
  const fields = [
    ...Object.getOwnPropertyNames(error),
    ...Object.getOwnPropertyNames(hardstop.TimeoutError.prototype),
  ].filter((name) => !told.has(name));
  t.deepEqual(sorted(documented), sorted(fields));
});

test('the error codes', (t) => {
  const used = new Set(sources.flatMap((text) => text.match(/ERR_HARDSTOP_[A-Z_]+/g) ?? []));
  const documented = new Set(errors.text.match(/ERR_HARDSTOP_[A-Z_]+/g) ?? []);
  t.deepEqual(sorted(documented), sorted(used));
});

test('the environment variables', (t) => {
  const read = new Set([
    ...sources.flatMap((text) => capture(text, /process\.env(?:\.|\[')(HARDSTOP_\w+)/g)),
    ...nativeSources.flatMap((text) => capture(text, /getenv\("(HARDSTOP_\w+)"\)/g)),
  ]);
  const [documented = []] = firstCells(section(strategies, 'Environment variables'));
  const ours = documented
    .map((code) => code.replace(/=.*/, ''))
    .filter((name) => name.startsWith('HARDSTOP_'));
  t.deepEqual(sorted(ours), sorted(read));
});

test('the exports are all mentioned', (t) => {
  for (const file of ['src/index.ts', 'src/regex.ts']) {
    for (const [, list = ''] of readText(file).matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
      for (const name of list.match(/\w+/g)?.filter((word) => word !== 'type') ?? []) {
        t.regex(allText, new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``), name);
      }
    }
  }
});

test('the commands and their options', (t) => {
  const page = readPage('docs/command-line.md').text;
  const flags = (text: string): readonly string[] =>
    sorted(new Set(text.match(/(?<![\w-])--[a-z]+(?:-[a-z]+)*/g) ?? []));
  const help = readText('src/cli/help.ts') + readText('src/cli/run/help.ts');
  t.deepEqual(flags(page), flags(help));
  for (const name of readdirSync(join(packageRoot, 'src/cli'), { withFileTypes: true })) {
    if (name.isDirectory()) t.true(page.includes(`## hardstop ${name.name}`), name.name);
  }
});

test('the folders of the sources', (t) => {
  const folders = readdirSync(join(packageRoot, 'src'), { withFileTypes: true });
  const table = section(readPage('docs/architecture.md'), 'Folders and the direction of imports');
  for (const folder of folders) {
    if (folder.isDirectory()) t.true(table.includes(`\`src/${folder.name}/\``), folder.name);
  }
});

test('the changelog has the version of the package', (t) => {
  const { version } = JSON.parse(readText('package.json')) as { readonly version: string };
  t.true(readText('CHANGELOG.md').includes(`## [${version}]`));
});

function listFiles(folder: string, name: RegExp): readonly string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .map((file) => readText(join(folder, file)));
}

function capture(text: string, pattern: RegExp): readonly string[] {
  return Array.from(text.matchAll(pattern), ([, found]) => found ?? '');
}

/** The fields of an interface, or of an object type, that is declared at the top level of a file. */
function fieldsOf(source: string, typeName: string): readonly string[] {
  const declaration = new RegExp(`^export (?:interface|type) ${typeName}\\b`, 'm').exec(source);
  if (declaration === null) throw new Error(`There is no type ${typeName}`);
  const rest = source.slice(declaration.index);
  const end = /^\}.*$|;\n\n/m.exec(rest.replace(/^\} & .*$/m, (line) => ` ${line}`));
  const fields = capture(rest.slice(0, end?.index), /^\s+readonly (\w+)\??:/gm);
  return [...new Set(fields)];
}

/** The members of a union of texts. */
function unionMembers(path: string, typeName: string): readonly string[] {
  const declaration = new RegExp(`^export type ${typeName} =([^;]*);`, 'm').exec(readText(path));
  return capture(declaration?.[1] ?? '', /'([^']+)'/g);
}

function unquote(text: string): string {
  return text.replaceAll("'", '');
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...names].sort();
}
