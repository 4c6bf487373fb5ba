// One schema for all partitions of a database whose definitions stopped arriving in the middle.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { createTableStatements, livesIn, placeOf } from '#aggregator/metadata/sqlite-table.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { withSchema } from './catalog-follower.ts';
import { leafOf, readMasters } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';

/**
 * All partitions reach the newest schema that one of them has. A table that is new or gone is
 * made or dropped where that had not arrived; one that was altered meanwhile blocks.
 */
export async function unifySchema(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<DatabaseDefinition> {
  const masters = await readMasters(parts, database);
  const newest = masters.reduce((a, b) => (b.catalogVersion > a.catalogVersion ? b : a));
  const schema = await leafOf(parts, database, newest.key.ordinal).call('partitionSchema', {
    key: newest.key,
  });
  for (const { key, catalogVersion } of masters) {
    if (catalogVersion >= schema.version) continue;
    const leaf = leafOf(parts, database, key.ordinal);
    const behind = await leaf.call('partitionSchema', { key });
    const place = placeOf(key.ordinal);
    const put = newTables(behind.tables, schema.tables, partitionName(key));
    const names = new Set(schema.tables.map(({ name }) => name));
    const gone = behind.tables.filter(({ name }) => !names.has(name));
    const sqlite = [
      ...gone
        .filter((table) => livesIn(table, place))
        .map(({ name }) => `DROP TABLE IF EXISTS ${quoteIdentifier(name)}`),
      ...put.flatMap((table) => createTableStatements(table, place)),
    ];
    const drop = gone.map(({ name }) => name);
    await leaf.call('define', { key, change: { version: schema.version, sqlite, put, drop } });
  }
  return withSchema(database, schema);
}

/**
 * True when a table has another shape in the newest schema: that cannot be made up for. A view has
 * no rows of its own: it is put as it is.
 */
export function isAltered(
  behind: readonly TableDefinition[],
  newest: readonly TableDefinition[],
): boolean {
  const known = new Map(behind.map((table) => [table.name, table]));
  return newest.some((table) => {
    const before = known.get(table.name);
    if (before === undefined || areViews(before, table)) return false;
    return !isSame(before, table);
  });
}

function areViews(a: TableDefinition, b: TableDefinition): boolean {
  return a.view !== undefined && b.view !== undefined;
}

function isSame(a: TableDefinition, b: TableDefinition): boolean {
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

function newTables(
  behind: readonly TableDefinition[],
  newest: readonly TableDefinition[],
  partition: string,
): TableDefinition[] {
  const known = new Map(behind.map((table) => [table.name, table]));
  return newest.filter((table) => {
    const before = known.get(table.name);
    if (before === undefined) return true;
    if (isSame(before, table)) return false;
    if (areViews(before, table)) return true;
    const reason = `a change of table '${table.name}' has not arrived there; continue replicating`;
    throw databaseError('promotionBlocked', { partition, reason });
  });
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
