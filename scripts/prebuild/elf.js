/** Section types (the System V ABI's names in comments). */
const DYNAMIC = 6; // SHT_DYNAMIC
const DYNAMIC_SYMBOLS = 11; // SHT_DYNSYM
const VERSION_NEEDS = 0x6ffffffe; // SHT_GNU_verneed
/** Tags of dynamic entries. */
const NEEDED = 1n; // DT_NEEDED
const RUN_PATHS = [15n, 29n]; // DT_RPATH, DT_RUNPATH
const FLAGS_1 = 0x6ffffffbn; // DT_FLAGS_1
const NOW = 0x1n; // DF_1_NOW
const NO_DELETE = 0x8n; // DF_1_NODELETE

/**
 * @typedef {object} ElfSummary
 * @property {string[]} needed the libraries it asks the loader for
 * @property {string[]} versions the symbol versions it needs, e.g. `GLIBC_2.17`
 * @property {string[]} exports the names it defines for others
 * @property {boolean} bindsNow resolves all names when loaded, never later
 * @property {boolean} staysLoaded is not unloaded by dlclose()
 * @property {boolean} hasRunPath names folders to search libraries in
 */

/**
 * Reads what a loader would read of a 64-bit little-endian ELF library. (Here and not by `readelf`,
 * which test machines need not have.)
 *
 * @param {Buffer} file
 * @returns {ElfSummary}
 * @throws {Error} when the bytes are not such a file
 */
export function readElf(file) {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46) throw new Error('not an ELF file');
  if (file[4] !== 2 || file[5] !== 1) throw new Error('not a 64-bit little-endian ELF file');
  const sections = readSections(file);
  /** @type {ElfSummary} */
  const summary = {
    needed: [],
    versions: [],
    exports: [],
    bindsNow: false,
    staysLoaded: false,
    hasRunPath: false,
  };
  for (const section of sections) {
    /** @param {number} offset into the section's string table */
    const name = (offset) => text(file, (sections[section.link]?.offset ?? 0) + offset);
    if (section.type === DYNAMIC) readDynamic(file, section, name, summary);
    if (section.type === DYNAMIC_SYMBOLS) readExports(file, section, name, summary);
    if (section.type === VERSION_NEEDS) readVersions(file, section, name, summary);
  }
  return summary;
}

/** @typedef {{ type: number, offset: number, size: number, link: number, count: number }} Section */

/**
 * @param {Buffer} file
 * @returns {Section[]}
 */
function readSections(file) {
  const table = Number(file.readBigUInt64LE(40));
  const entrySize = file.readUInt16LE(58);
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const at = table + index * entrySize;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
      count: file.readUInt32LE(at + 44),
    };
  });
}

/**
 * @param {Buffer} file
 * @param {Section} section
 * @param {(offset: number) => string} name
 * @param {ElfSummary} summary
 */
function readDynamic(file, section, name, summary) {
  for (let at = section.offset; at < section.offset + section.size; at += 16) {
    const tag = file.readBigUInt64LE(at);
    const value = file.readBigUInt64LE(at + 8);
    if (tag === NEEDED) summary.needed.push(name(Number(value)));
    if (RUN_PATHS.includes(tag)) summary.hasRunPath = true;
    if (tag === FLAGS_1) {
      summary.bindsNow = (value & NOW) !== 0n;
      summary.staysLoaded = (value & NO_DELETE) !== 0n;
    }
  }
}

/**
 * @param {Buffer} file
 * @param {Section} section
 * @param {(offset: number) => string} name
 * @param {ElfSummary} summary
 */
function readExports(file, section, name, summary) {
  for (let at = section.offset; at < section.offset + section.size; at += 24) {
    const binding = file.readUInt8(at + 4) >> 4;
    const definedIn = file.readUInt16LE(at + 6);
    if (binding !== 0 && definedIn !== 0) summary.exports.push(name(file.readUInt32LE(at)));
  }
}

/**
 * @param {Buffer} file
 * @param {Section} section
 * @param {(offset: number) => string} name
 * @param {ElfSummary} summary
 */
function readVersions(file, section, name, summary) {
  let library = section.offset;
  for (let left = section.count; left > 0; left -= 1) {
    let version = library + file.readUInt32LE(library + 8);
    for (let more = file.readUInt16LE(library + 2); more > 0; more -= 1) {
      summary.versions.push(name(file.readUInt32LE(version + 8)));
      version += file.readUInt32LE(version + 12);
    }
    library += file.readUInt32LE(library + 12);
  }
}

/**
 * @param {Buffer} file
 * @param {number} start
 */
function text(file, start) {
  return file.toString('latin1', start, file.indexOf(0, start));
}
