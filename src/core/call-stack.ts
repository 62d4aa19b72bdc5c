import { noteUnformatted } from '../errors/timeout-error.js';
import { armedCount } from './expiry.js';
import { resumeStackTraces, suspendStackTraces } from './stack-trace-limit.js';

/** Holds the stack of a call for when that is over: formatted when it is read. */
export interface CallStack {
  readonly stack?: string;
}

/** From so many pending deadlines on, the memory that ten frames take for each would count. */
const MANY = 10_000;
const FEW_FRAMES = 2;

// Work that was stopped may have replaced it.
const { captureStackTrace } = Error;

/**
 * Takes the stack above `callSite`, which is on it: the first thing that the errors of an asynchronous scope need, and most
 * of what a run costs. Called as near to `callSite` as can be, because the engine walks the frames in between as well.
 */
export function captureCallStack(callSite: (...args: never[]) => unknown): CallStack {
  const holder = {};
  if (armedCount() < MANY) {
    captureStackTrace(holder, callSite);
  } else {
    suspendStackTraces(FEW_FRAMES);
    captureStackTrace(holder, callSite);
    resumeStackTraces();
  }
  return holder;
}

/** Gives an error the stack of a call that was made earlier; formatted when it is read, as stacks are. */
export function giveCallStack(error: Error, callStack: CallStack): void {
  noteUnformatted(error, true);
  Object.defineProperty(error, 'stack', {
    get: () => {
      const frames = /\n {4}at [^]*/.exec(callStack.stack ?? '')?.[0] ?? '';
      const stack = `${error.name}: ${error.message}${frames}`;
      setStack(error, stack);
      return stack;
    },
    set: (stack: unknown) => {
      setStack(error, stack);
    },
    configurable: true,
  });
}

function setStack(error: Error, stack: unknown): void {
  noteUnformatted(error, false);
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
}
