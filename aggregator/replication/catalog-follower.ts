// A secondary's catalog is the schema that all its partitions have reached: the lowest version.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { gatherLeafStatuses, masterCopies } from './leaf-statuses.ts';
import type { ReplicationParts } from './replication-parts.ts';

/** Asks the leaves now, and moves the catalog on where it can. For Catalog.refresh. */
export async function followSchema(
  parts: ReplicationParts,
  database: DatabaseDefinition,
): Promise<void> {
  const leaves = await gatherLeafStatuses(parts, database.name);
  await advanceCatalog(parts, database.name, masterCopies(database, leaves));
}

/** Moves the catalog of the secondary to the lowest version among its partitions, if all answer. */
export async function advanceCatalog(
  parts: ReplicationParts,
  name: string,
  masters: ReadonlyMap<number, PartitionStatus>,
): Promise<void> {
  const known = parts.catalog.find(name);
  if (known === null || known.role !== 'secondary') return;
  if (masters.size < known.placements.length) return;
  // What a partition holds before its snapshot is in may be another history's, and may then be
  // ahead of the others: nobody reads a table of a first copy before that is whole.
  const unknown = ['provisioning', 'recovering'];
  const isUnknown = [...masters.values()].some(
    ({ state, maybeTorn }) => unknown.includes(state) || maybeTorn,
  );
  if (isUnknown) return;
  const lowest = [...masters.values()].reduce((a, b) =>
    b.catalogVersion < a.catalogVersion ? b : a,
  );
  if (lowest.catalogVersion <= known.catalogVersion) return;
  const placement = known.placements.find(({ ordinal }) => ordinal === lowest.key.ordinal);
  if (placement === undefined) return;
  const leaf = parts.leaves.leaf(placement.leafId);
  const schema = await leaf.call('partitionSchema', { key: lowest.key });
  await parts.inTurn(name, async () => {
    const current = parts.catalog.find(name);
    if (current === null || current.role !== 'secondary') return;
    if (current.catalogVersion >= schema.version) return;
    await parts.catalog.put(withSchema(current, schema));
  });
}

/** The database with the schema that a partition has. */
export function withSchema(
  database: DatabaseDefinition,
  schema: { readonly version: number; readonly tables: readonly DatabaseTable[] },
): DatabaseDefinition {
  const ids = schema.tables.map((table) => table.id + 1);
  return {
    ...database,
    catalogVersion: schema.version,
    tables: Object.fromEntries(schema.tables.map((table) => [table.name, table])),
    nextTableId: Math.max(database.nextTableId, ...ids),
  };
}

type DatabaseTable = DatabaseDefinition['tables'][string];
