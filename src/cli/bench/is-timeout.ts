/** Whether a contender's limit has struck. Not `instanceof Error`: `function-timeout`'s comes from another realm. */
export function isTimeout(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return code === 'ERR_HARDSTOP_TIMEOUT' || code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
