// EXPLAIN REPLICATE DATABASE: which leaf would follow which, and whether it can. Changes nothing.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import { partitionName, REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { askPrimary, checkSource, placeCopies } from './ask-primary.ts';
import { checkFailback, findPartings, type NewPrimary } from './find-partings.ts';
import type { PartingPoint } from './link-record.ts';
import { readMasters } from './master-leaves.ts';
import type { PrimaryLogin } from './primary-client.ts';
import { probeLeaf } from './probe-links.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { statusColumns, type StatusTable } from './status-columns.ts';
import { addressOf } from '#aggregator/cluster/address-of.ts';

/** The first five are those of SingleStore's EXPLAIN … PARTITIONS. */
const columns = statusColumns({
  Action: 'text',
  Ordinal: 'integer',
  Target_Host: 'text',
  Target_Port: 'integer',
  Phase: 'integer',
  Partition: 'text',
  Source_Host: 'text',
  Source_Port: 'integer',
  Source_Partition: 'text',
  Reachable: 'text',
  Details: 'long',
});

export interface ExplainedReplicate {
  readonly name: string;
  readonly login: PrimaryLogin;
  readonly forceDifferential: boolean;
}

/** Throws what the statement would be refused with, but for leaves that cannot be reached. */
export async function explainReplicate(
  parts: ReplicationParts,
  { name, login, forceDifferential }: ExplainedReplicate,
): Promise<StatusTable> {
  const existing = parts.catalog.find(name);
  const returning = forceDifferential ? existing : null;
  if (returning === null && existing?.role === 'secondary') {
    throw databaseError('alreadyReplicating', { name });
  }
  const source = await askPrimary(parts, login, returning === null ? existing : null);
  checkSource(parts, name, { login, source });
  if (returning === null && existing !== null) throw databaseError('copyExists', { name });
  if (returning !== null) await checkFailback(parts, returning, { source, login });
  const placements = returning?.placements ?? placeCopies(parts, name, source);
  const details =
    returning === null ? null : await describeFailback(parts, returning, { source, login });
  const rows = placements
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .map(async ({ ordinal, leafId }): Promise<Row> => {
      const from = must(source.partitions.find((entry) => entry.ordinal === ordinal)).address;
      const key = { database: login.database, ordinal };
      const target = addressOf(parts.leaves, leafId);
      const refusal = await reach(parts, leafId, { address: from, key, ticket: source.ticket });
      return [
        returning === null ? 'COPY PARTITION' : 'TAKE BACK PARTITION',
        ordinal === REFERENCE_ORDINAL ? null : BigInt(ordinal),
        target.host,
        BigInt(target.port),
        1n,
        partitionName({ database: name, ordinal }),
        from.host,
        BigInt(from.port),
        partitionName(key),
        refusal === '' ? 'yes' : 'no',
        refusal === '' ? (details?.get(ordinal) ?? '') : refusal,
      ];
    });
  return { columns, rows: await Promise.all(rows) };
}

/** Why the leaf cannot follow the source; '' when it can. */
async function reach(
  parts: ReplicationParts,
  leafId: number,
  source: Parameters<typeof probeLeaf>[2],
): Promise<string> {
  try {
    await probeLeaf(parts, leafId, source);
    return '';
  } catch (error) {
    if (error instanceof DatabaseError) return error.message;
    throw error;
  }
}

/** By ordinal: how far the partition would go back. */
async function describeFailback(
  parts: ReplicationParts,
  database: DatabaseDefinition,
  primary: NewPrimary,
): Promise<ReadonlyMap<number, string>> {
  const partings = await findPartings(parts, database, primary);
  const masters = await readMasters(parts, database);
  return new Map(
    partings.map((parting) => {
      const { tail } = must(masters.find(({ key }) => key.ordinal === parting.ordinal));
      return [parting.ordinal, describeParting(parting, tail.lsn)];
    }),
  );
}

function describeParting({ lsn }: PartingPoint, tail: bigint): string {
  if (lsn === null) return 'a log no longer reaches back to where they part: a snapshot is needed';
  return `shared up to LSN ${lsn}; ${tail - lsn} records after it would be rescued and taken back`;
}
