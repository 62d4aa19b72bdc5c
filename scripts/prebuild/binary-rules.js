import { readElf } from './elf.js';

/**
 * The C library and its parts: on every machine that can run Node. No C++ runtime library among
 * them.
 */
const MAY_NEED = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0'];
/** What Node's own official binaries need, from version 18 on. */
const GLIBC_FLOOR = [2, 28];
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
/** Twice what it is: a jump says that something large was linked in by accident. */
const LARGEST = 180_000;

/**
 * What is wrong with a prebuilt Linux binary, judged by its file alone.
 *
 * @param {Buffer} file
 * @returns {string[]} empty when nothing is
 */
export function brokenRules(file) {
  const elf = readElf(file);
  const broken = [];
  for (const library of elf.needed) {
    if (!MAY_NEED.includes(library)) broken.push(`needs the library ${library}`);
  }
  for (const version of elf.versions) {
    if (!isWithinFloor(version))
      broken.push(`needs ${version}, beyond GLIBC_${GLIBC_FLOOR.join('.')}`);
  }
  for (const name of elf.exports) {
    if (!EXPORTS.includes(name)) broken.push(`exports ${name}`);
  }
  if (!elf.exports.includes('napi_register_module_v1')) broken.push('is not a Node-API addon');
  if (!elf.staysLoaded)
    broken.push('may be unloaded under the watchdog thread (-z nodelete is missing)');
  if (!elf.bindsNow) broken.push('resolves names while running (-z now is missing)');
  if (elf.hasRunPath) broken.push('names folders of the machine that built it');
  if (file.length > LARGEST) broken.push(`is ${file.length} bytes large, more than ${LARGEST}`);
  return broken;
}

/** @param {string} version */
function isWithinFloor(version) {
  const match = /^GLIBC_(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const [major = 0, minor = 0] = [Number(match[1]), Number(match[2])];
  const [floorMajor = 0, floorMinor = 0] = GLIBC_FLOOR;
  return major < floorMajor || (major === floorMajor && minor <= floorMinor);
}
