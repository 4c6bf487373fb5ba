// Brings all rows of a sharded table into the first partition, when a foreign key needs them there.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { PartitionPlace } from '#aggregator/metadata/sqlite-table.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { SchemaChange } from './schema-change.ts';

/** Rows of one INSERT. */
const rowsPerStatement = 500;
/** The rows that may be moved: more would make a definition record of many megabytes. */
const rowsMax = 200_000;

function literal(value: StoredValue): string {
  if (value === null) return 'NULL';
  // STRICT columns take 5 as 5.0 where they are REAL, so an integral number needs no point.
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  if (typeof value === 'string') {
    if (value.includes('\0')) return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
    return `'${value.replaceAll("'", "''")}'`;
  }
  return `x'${Buffer.from(value).toString('hex')}'`;
}

function insertStatements(table: TableDefinition, rows: readonly Row[]): string[] {
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const into = `INSERT INTO ${quoteIdentifier(table.name)} (${columns}) VALUES `;
  const statements: string[] = [];
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    const some = rows.slice(at, at + rowsPerStatement);
    statements.push(into + some.map((row) => `(${row.map(literal).join(', ')})`).join(', '));
  }
  return statements;
}

/** The rows outside the first partition, read at the version of `database`. */
async function rowsElsewhere(
  leaves: LeafDirectory,
  database: DatabaseDefinition,
  table: TableDefinition,
): Promise<Row[]> {
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const sql = `SELECT ${columns} FROM ${quoteIdentifier(table.name)}`;
  const rows: Row[] = [];
  for (const { ordinal, leafId } of database.placements) {
    if (ordinal <= 0) continue;
    const batches = leaves.leaf(leafId).stream('read', {
      key: { database: database.name, ordinal },
      catalogVersion: database.catalogVersion,
      transaction: null,
      statement: { sql, parameters: [] },
      columns: table.columns.map((column) => column.type),
      forUpdate: false,
      lockWaitTimeoutMs: 0,
    });
    for await (const batch of batches) rows.push(...rowsOfBatch(batch));
    if (rows.length > rowsMax) {
      const what = `a foreign key to '${table.name}', which has more than ${rowsMax} spread rows`;
      throw databaseError('unsupported', { what });
    }
  }
  return rows;
}

/** The change that makes a sharded table a single one. Asked for behind a fence only. */
export async function gatherTable(
  leaves: LeafDirectory,
  database: DatabaseDefinition,
  table: TableDefinition,
): Promise<SchemaChange> {
  const rows = await rowsElsewhere(leaves, database, table);
  const inserts = insertStatements(table, rows);
  const after: TableDefinition = { ...table, spread: 'single', shardKey: [] };
  const statements = (place: PartitionPlace): readonly string[] => {
    if (place === 'first') return inserts;
    return place === 'other' ? [`DROP TABLE ${quoteIdentifier(table.name)}`] : [];
  };
  return { put: [after], drop: [], statements, undo: null };
}
