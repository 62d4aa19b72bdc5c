import test, { type ExecutionContext } from 'ava';
import { strategies } from './strategies.js';

type Implementation = (t: ExecutionContext) => void | Promise<void>;

const nativeWorks = strategies().includes('native');

/**
 * Registers a test of what only the native strategy can do. Where the addon is switched off or cannot be had it is skipped,
 * and its title says so.
 *
 * @param title - a sentence of the contract.
 */
export function nativeTest(title: string, implementation: Implementation): void {
  if (nativeWorks) test(title, implementation);
  else test.skip(`${title} [needs the native strategy, which is not there]`, implementation);
}

/** Registers a test of what holds only without the addon; it runs in the leg with HARDSTOP_DISABLE_NATIVE=1. */
export function fallbackTest(title: string, implementation: Implementation): void {
  if (!nativeWorks) test(title, implementation);
  else test.skip(`${title} [needs HARDSTOP_DISABLE_NATIVE=1]`, implementation);
}
