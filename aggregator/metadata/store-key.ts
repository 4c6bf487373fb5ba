// Names of users as words of a metadata key: any name, and no two names the same word.

/**
 * The name with every character but letters, digits and `_` written as `-` and its UTF-8 bytes in
 * hexadecimal, ended by `-`.
 */
export function keyWord(name: string): string {
  if (/^[A-Za-z0-9_]+$/.test(name)) return name;
  return name.replace(/[^A-Za-z0-9_]+/gu, (run) => `-${Buffer.from(run).toString('hex')}-`);
}
