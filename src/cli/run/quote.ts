const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
};

/** Text of the user in a message: in quotes, those of the language's where the terminal shows them, and on one line. */
export function quote(text: string): string {
  const [open, close] = usesUtf8() ? ['\u2018', '\u2019'] : ["'", "'"];
  const escaped = text.replaceAll(/[\u0000-\u001f\u007f\\]/g, escape);
  return `${open}${escaped.replaceAll(close, `\\${close}`)}${close}`;
}

function escape(character: string): string {
  const code = character.charCodeAt(0).toString(8).padStart(3, '0');
  return ESCAPES[character] ?? `\\${code}`;
}

function usesUtf8(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  // Empty means that it is not set.
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '');
}
