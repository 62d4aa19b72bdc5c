import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads what the sanitizers have written and keeps what concerns our code: each error, and each leak of memory that our
 * addon took, or Node-API for it. What the engine keeps for its own heap is not ours, whoever called: Node leaks a little
 * itself at exit, and the whole heap of a worker that was out of memory.
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
  const frames = block.split('\n').filter((line) => /^\s*#\d+ /.test(line));
  const ours = frames.findIndex((frame) => /hardstop\.node|native\/[\w/]+\.(?:cc|h)/.test(frame));
  return ours >= 0 && !frames.slice(0, ours).some((frame) => / in v8::/.test(frame));
}
