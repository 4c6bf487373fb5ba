// What the text between two quotes says: doubled quotes and backslashes taken away.

const escaped: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\x1a',
  // In a pattern these two keep their meaning, so the backslash stays.
  '%': '\\%',
  _: '\\_',
};

/** The value of a string literal's inner text. `quote` is the UTF-16 code of its quote. */
export function unescapeString(inner: string, quote: number, backslashes: boolean): string {
  let value = '';
  let from = 0;
  for (let at = 0; at < inner.length; at++) {
    const code = inner.charCodeAt(at);
    if (code === 92 && backslashes) {
      const character = inner.charAt(at + 1);
      value += inner.slice(from, at) + (escaped[character] ?? character);
      at++;
      from = at + 1;
    } else if (code === quote) {
      value += inner.slice(from, at + 1);
      at++;
      from = at + 1;
    }
  }
  return value + inner.slice(from);
}
