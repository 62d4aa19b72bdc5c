// Imports go one way: entry points -> api -> core -> strategy -> native binding. errors/ is a leaf that all may import.

/** What the files of each folder of src/ may import from the others. */
const MAY_IMPORT = {
  errors: [],
  native: ['errors'],
  strategy: ['native', 'entry', 'errors'],
  // Runs inside a worker, where it is the outermost code: it may start anything that stops work.
  entry: ['core', 'strategy', 'native', 'errors'],
  core: ['strategy', 'native', 'errors'],
  api: ['core', 'strategy', 'native', 'entry', 'errors'],
  cli: ['api', 'core', 'strategy', 'native', 'entry', 'errors'],
};

const ENTRY_POINTS = '^src/(?:index|prompt|regex|testing)\\.ts$';

/** Files beside the entry points, e.g. version.ts, hold facts that everybody may read. */
const ROOT_FILES = '^src/[^/]+\\.ts$';

const oneWay = Object.entries(MAY_IMPORT).map(([folder, targets]) => ({
  name: `${folder}-imports-down-only`,
  comment: `src/${folder}/ may import ${targets.join(', ') || 'nothing of ours'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [ROOT_FILES, ...[folder, ...targets].map((target) => `^src/${target}/`)],
    // The errors speak the strategies' words; a type leaves no import behind.
    ...(folder === 'errors' && { dependencyTypesNot: ['type-only'] }),
  },
}));

module.exports = {
  forbidden: [
    ...oneWay,
    {
      name: 'entry-points-export-only',
      comment: 'Only the command line may be built upon the public entry points.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: ENTRY_POINTS },
    },
    {
      name: 'root-files-are-leaves',
      comment: 'What everybody may read imports nothing of ours.',
      severity: 'error',
      from: { path: ROOT_FILES, pathNot: ENTRY_POINTS },
      to: { path: '^src/', pathNot: ROOT_FILES },
    },
    {
      name: 'one-loader',
      comment: 'src/native/load.ts is the one place that loads the addon.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/native/load\\.ts$' },
      to: { path: 'node-gyp-build' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle makes the order of module evaluation matter.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/bench/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|build)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
