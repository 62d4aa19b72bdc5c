import { readFileSync } from 'node:fs';

/** @typedef {import('../test/totals.js').Totals & { runner: string }} RunnerTotals */

/**
 * What the runners have written to HARDSTOP_TOTALS_FILE so far.
 *
 * @returns {RunnerTotals[]}
 */
export function readTotals() {
  const file = process.env['HARDSTOP_TOTALS_FILE'];
  if (!file) throw new Error('HARDSTOP_TOTALS_FILE is not set');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => /** @type {RunnerTotals} */ (JSON.parse(line)));
}
