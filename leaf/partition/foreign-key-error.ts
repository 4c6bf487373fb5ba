// Which foreign key a statement has violated: SQLite says only that there is one.

import { basename, dirname } from 'node:path';
import { foreignKeyOf } from '#shared/cluster/foreign-key-text.ts';
import type { ForeignKeyDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';

/** Where the statement ran. */
interface Target {
  readonly path: string;
  readonly connection: SqliteFile;
  readonly tables: ReadonlyMap<string, TableDefinition>;
}

interface Candidate {
  readonly table: TableDefinition;
  readonly key: ForeignKeyDefinition;
  readonly side: 'child' | 'parent';
}

/** What stands for a foreign key that nobody can tell from others. */
const UNKNOWN = 'FOREIGN KEY';

/**
 * 1451 or 1452, with the key where it can be told. `valueIn` answers the value that the failing row
 * has in a column, where it is known.
 */
export function foreignKeyError(
  file: Target,
  sql: string,
  valueIn: (column: string) => StoredValue | undefined,
  cause: unknown,
): DatabaseError {
  const [, verb = '', quoted = ''] =
    /^\s*(insert or replace|insert|update|delete)\b[^"]*"((?:[^"]|"")*)"/i.exec(sql) ?? [];
  const isDelete = verb.toLowerCase() === 'delete';
  const table = file.tables.get(quoted.replaceAll('""', '"'));
  const candidates = table === undefined ? [] : candidatesOf(file, table, verb.toLowerCase());
  const found =
    candidates.length === 1
      ? candidates[0]
      : candidates.find((one) => one.side === 'child' && lacksParent(file, one.key, valueIn));
  const isOwn = candidates.length === 0 || candidates.some(({ side }) => side === 'child');
  const isParent = isDelete || found?.side === 'parent' || !isOwn;
  const name = isParent ? 'foreignKeyParent' : 'foreignKeyChild';
  const database = basename(dirname(file.path)).replace(/_(?:\d+|reference)$/, '');
  const constraint =
    found === undefined ? UNKNOWN : foreignKeyOf(database, found.table.name, found.key);
  return databaseError(name, { constraint }, cause);
}

/**
 * The keys that a change of the table can violate: its own, and those that refer to it. None where
 * it may be one of a table that an action would change.
 */
function candidatesOf({ tables }: Target, table: TableDefinition, verb: string): Candidate[] {
  const own = verb === 'delete' ? [] : table.foreignKeys;
  const candidates = own.map((key): Candidate => ({ table, key, side: 'child' }));
  if (verb === 'insert') return candidates;
  const all = [...tables.values()];
  const refersTo = (name: string) => (key: ForeignKeyDefinition) => key.referencedTable === name;
  for (const other of all) {
    for (const key of other.foreignKeys.filter(refersTo(table.name))) {
      const action = verb === 'update' ? key.onUpdate : key.onDelete;
      const isActed = action === 'cascade' || action === 'set null';
      if (!isActed) candidates.push({ table: other, key, side: 'parent' });
      else if (all.some((one) => one.foreignKeys.some(refersTo(other.name)))) return [];
    }
  }
  return candidates;
}

function lacksParent(
  { connection }: Target,
  key: ForeignKeyDefinition,
  valueIn: (column: string) => StoredValue | undefined,
): boolean {
  const values = key.columns.map(valueIn);
  const known = values.filter((value) => value !== undefined && value !== null);
  if (known.length < values.length) return false;
  const same = key.referencedColumns.map((column) => `${quoteIdentifier(column)} = ?`);
  const parent = quoteIdentifier(key.referencedTable);
  const sql = `SELECT 1 FROM main.${parent} WHERE ${same.join(' AND ')} LIMIT 1`;
  return connection.get(sql, known) === null;
}
