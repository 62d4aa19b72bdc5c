/**
 * @typedef {object} Target
 * @property {'linux' | 'mac' | 'win'} os as binding.gyp names it
 * @property {string} triple as the compiler names it
 * @property {string} file below prebuilds/, where node-gyp-build looks
 */

/**
 * The binaries that the package brings. `glibc` in the name is a tag that node-gyp-build
 * understands: without it the file would also be chosen on Alpine and other musl systems, where it
 * cannot be loaded.
 *
 * @type {readonly Target[]}
 */
export const TARGETS = [
  // Node's own official binaries need glibc 2.28, so no older one has to be served.
  { os: 'linux', triple: 'x86_64-linux-gnu.2.28', file: 'linux-x64/hardstop.glibc.node' },
];
