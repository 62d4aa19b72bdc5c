import type * as Inspector from 'node:inspector';

/** Whether `HARDSTOP_DEBUG=suspend` was set when the package was loaded. */
export const suspendedByEnvironment: boolean = process.env.HARDSTOP_DEBUG === 'suspend';

let inspector: typeof Inspector | null | undefined;

/** Whether a debugger can be attached right now: the inspector listens. */
export function isInspectorOpen(): boolean {
  // Loaded at first need; absent in a Node that was built without it.
  inspector ??= process.getBuiltinModule('node:inspector') ?? null;
  return inspector?.url() !== undefined;
}
