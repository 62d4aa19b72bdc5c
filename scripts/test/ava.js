import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { packageRoot } from '../package-root.js';
import { removeStaleFiles } from './stale-files.js';
import { NONE } from './totals.js';

/** @typedef {import('./totals.js').Totals} Totals */

const AVA = join(packageRoot, 'node_modules/ava/entrypoints/cli.mjs');

/**
 * Runs the compiled suite with ava and counts what it reports. A file that crashes, hangs or holds no test is a
 * failure, and so is a run that executed nothing.
 *
 * @param {object} options
 * @param {string} [options.node] the Node binary that runs ava and every test
 * @param {Record<string, string>} [options.env] added to the environment
 * @param {readonly string[]} [options.args] ava's own arguments: files, --match=…
 * @param {boolean} [options.verbose] print the passing tests too
 * @returns {Promise<Totals>}
 */
export async function runAva({ node = process.execPath, env = {}, args = [], verbose = false }) {
  removeStaleFiles();
  const child = spawn(node, [AVA, ...args], {
    cwd: packageRoot,
    // TERM: on a bare console ava would report with other symbols than those read below.
    env: { ...process.env, TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  const counter = new OutcomeCounter();
  let blank = true;
  for await (const line of createInterface({ input: child.stdout })) {
    const outcome = counter.read(line);
    const hidden = !verbose && (outcome === 'passed' || (line.trim() === '' && blank));
    if (!hidden) console.log(line);
    if (!hidden) blank = line.trim() === '';
  }
  return counter.totals((await exited) === 0);
}

/** Counts outcomes in the text of ava's default reporter (its TAP reporter breaks on a test that hangs). */
export class OutcomeCounter {
  #counts = { ...NONE };
  #passedInSummary = 0;

  /**
   * @param {string} line
   * @returns {keyof Totals | undefined}
   */
  read(line) {
    const text = stripVTControlCharacters(line);
    const summary = /^ {2}(\d+) (?:tests? passed|known failures?)$/.exec(text);
    if (summary) this.#passedInSummary += Number(summary[1]);
    const outcome = outcomeOf(text);
    if (outcome) this.#counts[outcome] += 1;
    return outcome;
  }

  /**
   * @param {boolean} succeeded whether ava exited with 0
   * @returns {Totals}
   */
  totals(succeeded) {
    const { passed, failed, skipped } = this.#counts;
    const honest = succeeded && failed === 0 && passed > 0 && passed === this.#passedInSummary;
    return { passed, failed: honest ? 0 : Math.max(failed, 1), skipped };
  }
}

/**
 * @param {string} text
 * @returns {keyof Totals | undefined}
 */
function outcomeOf(text) {
  if (/^ {2}✔ /.test(text)) return 'passed';
  if (/^ {2}✘ /.test(text)) return 'failed';
  return /^ {2}- \[(?:skip|todo)\]/.test(text) ? 'skipped' : undefined;
}
