import { nativeRefusal } from '../native-strategy.js';

/**
 * How long after the hard deadline a worker's own answer is waited for, ms: the time that a crowded machine may need to let
 * it interrupt its task and say so. Where it cannot interrupt anything, nothing is waited for.
 */
export const answerAllowance: number = nativeRefusal === undefined ? 25 : 0;

/**
 * How long the answer of a task that has ended in time is waited for when it is in the making, ms. With source maps the
 * first stack that a thread renders has to load them, and on a crowded machine no worker would live to do so.
 */
export const ANSWER_LIMIT_MS = 1_000;

/** How long to wait for the end of a thread that was told to end, ms. Most end within one; a thread that is inside a
 * built-in or a system call does not, and the caller must not wait for it. */
export const END_LIMIT_MS = 50;
