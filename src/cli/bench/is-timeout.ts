/** What the pools' errors are called whose task ran into its limit, or was aborted by one. */
const NAMES: ReadonlySet<unknown> = new Set(['AbortError', 'TimeoutError']);

/** Whether a contender's limit has struck. Not `instanceof Error`: `function-timeout`'s comes from another realm. */
export function isTimeout(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return (
    code === 'ERR_HARDSTOP_TIMEOUT' || code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' || NAMES.has(name)
  );
}
