/** Characters that no POSIX shell gives a meaning. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell takes it, whatever is in it. */
export function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A shell's text, followed by arguments that the shell hands on as they are. */
export function shellText(text: string, args: readonly string[]): string {
  return [text, ...args.map(quoteWord)].join(' ');
}
