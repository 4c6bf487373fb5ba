// What a foreign key asks of the tables it joins: a parent with that key, in the same partition.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { tableNamed } from '#aggregator/metadata/find-table.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import type { ForeignKeyDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import type { SchemaChange } from './schema-change.ts';
import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';

/** Tables of the database that have to become single before `table` can be made as it is. */
export function parentsToGather(
  database: DatabaseDefinition,
  table: TableDefinition,
  foreignKeyChecks: boolean,
): TableDefinition[] {
  const gather = new Map<string, TableDefinition>();
  for (const key of table.foreignKeys) {
    if (key.referencedTable === table.name) {
      checkParent(table, key);
      continue;
    }
    const parent = tableNamed(database, key.referencedTable);
    if (parent === undefined) {
      // As in MySQL, a dump may make the child first, with the checks switched off.
      if (foreignKeyChecks)
        throw databaseError('foreignKeyNoParent', { name: key.referencedTable });
      continue;
    }
    if (parent.view !== undefined) {
      throw databaseError('notBaseTable', { database: database.name, table: parent.name });
    }
    checkParent(parent, key);
    if (parent.spread === 'sharded') gather.set(parent.name, parent);
  }
  return [...gather.values()];
}

function checkParent(parent: TableDefinition, key: ForeignKeyDefinition): void {
  if (parent.spread === 'reference' || (parent.spread === 'sharded' && parent.shardKeyExplicit)) {
    const kind = parent.spread === 'reference' ? 'reference table' : 'table with a SHARD KEY';
    throw databaseError('unsupported', { what: `a foreign key to the ${kind} '${parent.name}'` });
  }
  const columns = [...key.referencedColumns].sort().join();
  const index = parent.indexes.find(
    ({ kind, parts }) =>
      (kind === 'primary' || kind === 'unique') &&
      parts
        .map((part) => part.column)
        .sort()
        .join() === columns,
  );
  if (index === undefined) {
    throw databaseError('foreignKeyMissingIndex', { name: key.name, table: parent.name });
  }
  const isByCollation = index.parts.some(({ column }) => {
    const { type } = must(parent.columns.find(({ name }) => name === column));
    return type.kind === 'string';
  });
  if (isByCollation && index.kind === 'unique') {
    throw databaseError('unsupported', { what: `a foreign key to a UNIQUE key of strings` });
  }
}

/** A change of nothing, which the first row without its parent refuses: error 1452. */
export function refuseOrphans(
  table: TableDefinition,
  keys: readonly ForeignKeyDefinition[],
): SchemaChange {
  const checks = keys.map((key) => orphanCheck(table.name, key));
  return {
    put: [],
    drop: [],
    statements: (place) => (place === 'first' ? checks : []),
    undo: null,
  };
}

function orphanCheck(table: string, key: ForeignKeyDefinition): string {
  const columns = key.columns.map((column) => `c.${quoteIdentifier(column)}`);
  const parents = key.referencedColumns.map((column) => `p.${quoteIdentifier(column)}`);
  const isSet = columns.map((column) => `${column} IS NOT NULL`).join(' AND ');
  const isSame = parents.map((column, index) => `${column} = ${columns[index]}`).join(' AND ');
  const parent = `SELECT 1 FROM ${quoteIdentifier(key.referencedTable)} AS p WHERE ${isSame}`;
  const constraint = storedLiteral(foreignKeyText(key));
  return (
    `SELECT tl_orphan(${constraint}, ${columns[0]}) FROM ${quoteIdentifier(table)} AS c ` +
    `WHERE ${isSet} AND NOT EXISTS (${parent}) LIMIT 1`
  );
}

function foreignKeyText(key: ForeignKeyDefinition): string {
  const names = (columns: readonly string[]): string =>
    columns.map((one) => `\`${one}\``).join(', ');
  return (
    `CONSTRAINT \`${key.name}\` FOREIGN KEY (${names(key.columns)}) ` +
    `REFERENCES \`${key.referencedTable}\` (${names(key.referencedColumns)})`
  );
}

/** The foreign key of another table that points to `name`, with that table; null if none does. */
export function referenceTo(
  database: DatabaseDefinition,
  name: string,
  except: readonly string[] = [],
): { child: TableDefinition; key: ForeignKeyDefinition } | null {
  for (const child of Object.values(database.tables)) {
    if (child.name === name || except.includes(child.name)) continue;
    const key = child.foreignKeys.find((entry) => entry.referencedTable === name);
    if (key !== undefined) return { child, key };
  }
  return null;
}
