import test, { type Implementation } from 'ava';
import { strategies } from './strategies.js';

type Register = (title: string, implementation: Implementation<[]>) => void;

/** Registers a test of what only the native strategy does; listed as skipped where the addon is switched off. */
export const nativeTest: Register = strategies().includes('native') ? test : test.skip;

/** The same for one that must have the thread to itself, because it blocks the event loop, say. */
export const serialNativeTest: Register = strategies().includes('native')
  ? test.serial
  : test.serial.skip;

/** The same for what needs a certain system too. */
export function nativeTestOn(condition: boolean): Register {
  return condition ? nativeTest : test.skip;
}

/** Registers a test of what happens without the addon; listed as skipped where it loads. */
export const fallbackTest: Register = strategies().includes('native') ? test.skip : test;
