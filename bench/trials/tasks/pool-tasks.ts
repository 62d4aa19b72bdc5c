// What the pools run: a module, because each of them can load one.

/** Hands back what it is given: what is measured is the way there and back. */
export function echo(value: unknown): unknown {
  return value;
}

/** Never ends. */
export function spin(): void {
  for (;;);
}
