import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { capturedVariables } from './captured-variables.js';

/** Where Node 24 and later keep the stores of all AsyncLocalStorages. Opaque. */
export type ContextFrame = object | undefined;

interface ContextFrameClass {
  current(): ContextFrame;
  set(frame: ContextFrame): void;
}

/** Node 20 and 22 keep stores elsewhere: nothing to do here. */
const frameIsUsed = !('_propagate' in AsyncLocalStorage.prototype);

let frames: ContextFrameClass | undefined;

/** The frame of the running code. */
export function captureContextFrame(): ContextFrame {
  if (!frameIsUsed) return undefined;
  return frames === undefined ? frameOfNewResource() : frames.current();
}

/** Puts the frame back after a hard stop, which skips the `finally` in which AsyncLocalStorage does it. */
export function restoreContextFrame(captured: ContextFrame): void {
  if (!frameIsUsed || captureContextFrame() === captured) return;
  frames ??= acquireFrames();
  frames?.set(captured);
}

/** Each async resource notes the frame it was made in. */
function frameOfNewResource(): ContextFrame {
  const resource = new AsyncResource('HARDSTOP', { requireManualDestroy: true });
  for (const key of Object.getOwnPropertySymbols(resource)) {
    if (key.description === 'context_frame') {
      return (resource as unknown as Record<symbol, ContextFrame>)[key];
    }
  }
  return undefined;
}

function acquireFrames(): ContextFrameClass | undefined {
  const found = capturedVariables(
    "process.getBuiltinModule('node:async_hooks').AsyncLocalStorage.prototype.getStore",
    ['AsyncContextFrame'],
  );
  const candidate = found?.AsyncContextFrame as Partial<ContextFrameClass> | undefined;
  if (typeof candidate?.current !== 'function' || typeof candidate.set !== 'function') {
    return undefined;
  }
  return candidate as ContextFrameClass;
}
