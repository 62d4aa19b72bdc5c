import { appendFileSync } from 'node:fs';

/**
 * @typedef {object} Totals What one test runner has to say at its end.
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @type {Totals} */
export const NONE = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {Totals} a
 * @param {Totals} b
 * @returns {Totals}
 */
export function add(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** @param {Totals} totals */
export function format({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Prints a runner's totals and, where a caller collects them (HARDSTOP_TOTALS_FILE), adds them to its file.
 *
 * @param {string} runner
 * @param {Totals} totals
 */
export function report(runner, totals) {
  console.log(`${runner}: ${format(totals)}`);
  const file = process.env['HARDSTOP_TOTALS_FILE'];
  if (file) appendFileSync(file, `${JSON.stringify({ runner, ...totals })}\n`);
}
