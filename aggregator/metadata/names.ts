// Names that tables and columns may be given.

import { databaseError } from '#shared/error.ts';

/** Up to 64 characters, of which the last is no space. */
export function isName(name: string): boolean {
  return name !== '' && !name.endsWith(' ') && name.length <= 64;
}

/** Columns beside each other; their names do not know case. Throws duplicateColumn. */
export function checkDistinctNames(columns: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    const key = name.toLowerCase();
    if (seen.has(key)) throw databaseError('duplicateColumn', { name });
    seen.add(key);
  }
}
