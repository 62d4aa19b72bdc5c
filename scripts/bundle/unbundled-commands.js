/**
 * Leaves commands of the command line that use the package as a user does where tsc has put them, so that they find their
 * own files; the bundle imports them from there.
 *
 * @type {import('esbuild').Plugin}
 */
export const unbundledCommandsPlugin = {
  name: 'unbundled-commands',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(?:bench|doctor)\/command\.js$/ }, ({ path }) => ({
      path: `../../cli/${path.slice(2)}`,
      external: true,
    }));
  },
};
