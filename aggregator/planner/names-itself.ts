// Whether a table of WITH RECURSIVE names itself.

import { sameName, type CommonTableEntry } from './resolve-environment.ts';

/** What the SQLite that carries a recursion out calls the rows of the step before. */
export const stepTable = 'step';

/** True for a table of WITH RECURSIVE whose query names it. */
export function namesItself({ recursive, table }: CommonTableEntry): boolean {
  return recursive && namesTable(table.query, table.name);
}

/** True when a plain table of that name stands anywhere in the syntax. */
export function namesTable(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  const node = value as Readonly<Record<string, unknown>>;
  const isTable = node['kind'] === 'table' && node['database'] === null;
  if (isTable && sameName(String(node['table']), name)) return true;
  return Object.values(node).some((part) => namesTable(part, name));
}
