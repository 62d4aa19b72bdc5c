/**
 * Gives an error class its `name` the way the built-in classes have it: inherited and not enumerable, so that it shows
 * neither in `Object.keys(error)` nor as an own property in inspections.
 */
export function defineErrorName(errorClass: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(errorClass.prototype, 'name', {
    value: name,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

/** Whether `value` is an error object (of any realm or copy of this package) that carries `code`. */
export function hasErrorCode(value: unknown, code: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return (value as { readonly code?: unknown }).code === code;
  } catch {
    return false;
  }
}
