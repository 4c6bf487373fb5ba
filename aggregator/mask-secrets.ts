// A statement's text as others may see it: without the passwords that stand in it.

const MASK = "'<secret>'";

/** What passwords stand behind: IDENTIFIED BY and AS, SET PASSWORD, REPLICATE … FROM user:'…'@. */
const secretive = /\b(?:identified|password|replicate)\b/i;
/** Strings to their end or the text's, hexadecimal literals, and `:word@` of an address. */
const literals = new RegExp(
  [
    /'(?:[^'\\]|\\[^]|'')*(?:'|$)/,
    /"(?:[^"\\]|\\[^]|"")*(?:"|$)/,
    /\b0x[0-9a-f]+\b/,
    /:\s*[^\s'":@]+\s*(?=@)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gi',
);

/**
 * The text with every literal masked that ends behind the first word of passwords: rather one too
 * many than one too few. Texts without such a word are as they were.
 */
export function maskSecrets(text: string): string {
  const found = secretive.exec(text);
  if (found === null) return text;
  return text.replace(literals, (literal, offset: number) => {
    if (offset + literal.length <= found.index) return literal;
    return literal.startsWith(':') ? `:${MASK}` : MASK;
  });
}
