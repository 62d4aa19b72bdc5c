import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../package-root.js';
import { takeBuiltins } from './builtin-modules.js';

/** Names that modules export, by their paths. @typedef {Map<string, readonly string[]>} Exports */

/**
 * What only tasks elsewhere and commands need: more than a third of the code, and what takes the heavier ones of Node's own
 * modules. It is read, compiled and evaluated at the first call of a function of it.
 */
const LATE = [
  /^api\/pool\.js$/,
  /^core\/isolated-sync-run\.js$/,
  /^core\/(?:command|pool)\//,
  /^entry\/bridge-(?:command|process)\.js$/,
  /^strategy\/(?:command|isolation|process|process-tree|sync-bridge|worker)\//,
];
/** As tsc writes it. */
const FUNCTION = /^export (?:(?:async )?function\*?|const) (?<name>\w+)(?:\(| = (?:async )?\()/gm;
const LOADER = join(packageRoot, 'scripts/bundle/late-loader.js');

const dist = join(packageRoot, 'dist');

/** @param {string} path */
const nameOf = (path) => relative(dist, path).replaceAll('\\', '/');

/**
 * Builds a bundle of which a part is in a file of its own, which is loaded when the first of its functions is called. The
 * rest sees functions of the late modules only, each of them a call of the one that is loaded then; the late part is
 * handed the modules of the rest that it imports, so that there is one of each.
 *
 * @param {import('esbuild').BuildOptions} shared by both parts
 * @param {import('esbuild').BuildOptions & { plugins: import('esbuild').Plugin[] }} rest of which modules and where to
 * @param {string} lateFile where the late part goes: beside the entry points, whose URL its modules take for theirs
 */
export async function buildWithLatePart(shared, rest, lateFile) {
  /** Late modules that the rest calls. @type {Set<string>} */
  const called = new Set();
  /**
   * @param {Exports} handed modules of the rest
   * @param {boolean} write
   */
  const buildRest = (handed, write) =>
    build({
      ...shared,
      ...rest,
      write,
      metafile: true,
      plugins: [stubsPlugin(called), registryPlugin(handed), ...rest.plugins],
    });
  // Its modules are known only when it has been built.
  const { metafile } = await buildRest(new Map(), false);
  const modules = Object.keys(metafile.inputs).map((path) => join(packageRoot, path));
  const handed = await buildLatePart(shared, lateFile, modules.filter(isEager), [...called]);
  await buildRest(handed, true);
}

/** @param {string} path */
function isEager(path) {
  const name = nameOf(path);
  return path.startsWith(dist) && !LATE.some((pattern) => pattern.test(name));
}

/**
 * @param {Set<string>} called
 * @returns {import('esbuild').Plugin}
 */
function stubsPlugin(called) {
  return {
    name: 'late-stubs',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, async ({ path }) => {
        if (!path.startsWith(dist)) return undefined;
        if (nameOf(path) === 'strategy/late-part.js') {
          return { contents: `export { late as loadLatePart } from ${JSON.stringify(LOADER)};` };
        }
        if (isEager(path)) return undefined;
        called.add(path);
        const source = await readFile(path, 'utf8');
        const functions = [...source.matchAll(FUNCTION)].map(({ groups }) => groups?.['name']);
        if (functions.length === 0) throw new Error(`No function is exported by ${path}`);
        const module = JSON.stringify(nameOf(path));
        return {
          contents: [
            `import { late } from ${JSON.stringify(LOADER)};`,
            ...functions.map(
              (name) =>
                `export function ${name}(...args) { return late()[${module}].${name}(...args); }`,
            ),
          ].join('\n'),
        };
      });
    },
  };
}

/**
 * @param {Exports} handed
 * @returns {import('esbuild').Plugin}
 */
function registryPlugin(handed) {
  return {
    name: 'late-registry',
    setup({ onLoad }) {
      const modules = [...handed];
      onLoad({ filter: /\blate-registry\.js$/ }, () => ({
        contents: [
          ...modules.map(([path], i) => `import * as module${i} from ${JSON.stringify(path)};`),
          // Of names and not of namespaces, which would be made when the bundle is loaded.
          'export const registry = () => ({',
          ...modules.map(([path, names], i) => {
            const taken = names.map((name) => `${name}: module${i}.${name}`);
            return `${JSON.stringify(nameOf(path))}: { ${taken.join(', ')} },`;
          }),
          '});',
        ].join('\n'),
      }));
    },
  };
}

/**
 * @param {import('esbuild').BuildOptions} shared
 * @param {string} outfile
 * @param {readonly string[]} rest the modules that are not to be in it
 * @param {readonly string[]} called
 * @returns {Promise<Exports>} those of `rest` that it has to be handed
 */
async function buildLatePart(shared, outfile, rest, called) {
  const exported = await exportsOf(rest);
  /** @type {Exports} */
  const handed = new Map();
  const contents = called.map(
    (path) => `export * as ${JSON.stringify(nameOf(path))} from ${JSON.stringify(path)};`,
  );
  await build({
    ...shared,
    outfile,
    // A script can be loaded while a synchronous call waits for it, in every Node that we run on.
    format: 'cjs',
    stdin: { contents: contents.join('\n'), resolveDir: dist, sourcefile: 'late-part.js' },
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: 'module.exports=(registry,moduleUrl)=>{const module={};' },
    footer: { js: 'return module.exports};' },
    plugins: [
      {
        name: 'late-part',
        setup({ onLoad }) {
          onLoad({ filter: /\.js$/ }, async ({ path }) => {
            const names = exported.get(path);
            if (names === undefined)
              return { contents: takeBuiltins(await readFile(path, 'utf8')) };
            handed.set(path, names);
            const module = JSON.stringify(nameOf(path));
            return {
              contents: names
                .map(
                  (name) =>
                    `export const ${name} = /* @__PURE__ */ (() => registry[${module}].${name})();`,
                )
                .join('\n'),
            };
          });
        },
      },
    ],
  });
  return handed;
}

/**
 * @param {readonly string[]} modules
 * @returns {Promise<Exports>}
 */
async function exportsOf(modules) {
  const { metafile } = await build({
    absWorkingDir: packageRoot,
    entryPoints: [...modules],
    outdir: dist,
    write: false,
    metafile: true,
    format: 'esm',
    logLevel: 'silent',
  });
  return new Map(
    Object.values(metafile.outputs).map(({ entryPoint = '', exports }) => [
      join(packageRoot, entryPoint),
      exports,
    ]),
  );
}
