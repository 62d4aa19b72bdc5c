// What the pools of others run: they load a module, and call its exports.

/** Nothing to do: what is measured is the way there and back. */
export function endAtOnce(): void {
  // Nothing.
}

/** Never ends. */
export function loopForever(): void {
  for (;;);
}
