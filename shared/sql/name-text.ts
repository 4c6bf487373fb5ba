// A name as MySQL text.

/** The name in backquotes. */
export function nameText(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
