/**
 * Makes a timeout visible in an error that was thrown while work was unwinding because of it: at the end of the error's
 * chain of causes, unless it is there already. Values that are no errors, and frozen errors, stay as they are.
 */
export function keepInCauses(error: unknown, timeout: unknown): void {
  const seen = new Set<unknown>();
  let last = error;
  while (last instanceof Error && !seen.has(last)) {
    if (last === timeout) return;
    seen.add(last);
    if (last.cause === undefined) break;
    last = last.cause;
  }
  if (!(last instanceof Error) || !Object.isExtensible(last)) return;
  Reflect.defineProperty(last, 'cause', { value: timeout, configurable: true, writable: true });
}
