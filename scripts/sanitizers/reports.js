import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads what the sanitizers have written and keeps what concerns our code: each error, and each leak of which a frame
 * lies in our addon. Node leaks a little itself at exit.
 *
 * @param {string} folder
 * @returns {string[]} the reports
 */
export function ourReports(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => reportsIn(readFileSync(join(folder, name), 'utf8')));
}

/** @param {string} text */
export function reportsIn(text) {
  const blocks = text.split(/\n\s*\n/);
  const leaks = blocks.filter((block) => /(Direct|Indirect) leak of/.test(block) && isOurs(block));
  const isError = /ERROR: AddressSanitizer|WARNING: ThreadSanitizer|runtime error:/.test(text);
  return isError ? [text, ...leaks] : leaks;
}

/** @param {string} block */
function isOurs(block) {
  return /hardstop\.node|native\/[\w/]+\.(?:cc|h)/.test(block);
}
