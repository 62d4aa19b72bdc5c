/** What every iterator of the built-in `matchAll` inherits: the tag, `Symbol.iterator`, the iterator helpers. */
const builtInPrototype: object = Object.getPrototypeOf(''.matchAll(/^/g)) as object;

/** A one-shot iterator over matches that were found already; looks like the built-in's from outside. */
export function iterateMatches(
  matches: readonly RegExpExecArray[],
): RegExpStringIterator<RegExpExecArray> {
  const found = matches.values();
  return Object.create(builtInPrototype, {
    next: { value: () => found.next(), configurable: true, writable: true },
  }) as RegExpStringIterator<RegExpExecArray>;
}
