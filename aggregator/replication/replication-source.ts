// What a primary tells a secondary about a database: SHOW REPLICATION SOURCE, written and read.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { must } from '#shared/assert.ts';
import {
  REFERENCE_ORDINAL,
  type Address,
  type DatabaseRole,
  type Durability,
  type NodeDescription,
} from '#shared/cluster/topology.ts';
import type { Collation, ColumnType, Row } from '#shared/sql/column-type.ts';
import { WIRE_VERSION, type Ticket } from '#shared/wire/message.ts';

export interface SourcePartition {
  readonly ordinal: number;
  /** The leaf that holds the master copy, as it advertises itself. */
  readonly address: Address;
}

export interface ReplicationSource {
  readonly clusterId: string;
  /** The product's version at the primary. */
  readonly version: string;
  readonly wireVersion: number;
  readonly durability: Durability;
  readonly collation: Collation;
  /** `secondary`: it follows another database itself. */
  readonly role: DatabaseRole;
  /** Hash partitions, without the reference partition. */
  readonly partitionCount: number;
  /** Every partition, the reference partition too. */
  readonly partitions: readonly SourcePartition[];
  readonly ticket: Ticket;
}

const text: ColumnType = {
  kind: 'string',
  form: 'longtext',
  length: 4294967295,
  collation: 'utf8mb4_bin',
};

/** Partitions is JSON: [ordinal, host, port] each. Claims and key are hexadecimal. */
export const sourceColumns: readonly ResultColumn[] = [
  'Cluster_id',
  'Version',
  'Wire_version',
  'Durability',
  'Collation',
  'Partitions',
  'Ticket_claims',
  'Ticket_key',
  'Role',
].map((name) => computedColumn(name, text, false));

/** The one row of SHOW REPLICATION SOURCE. */
export function sourceRow(options: {
  readonly clusterId: string;
  readonly version: string;
  readonly database: DatabaseDefinition;
  readonly nodes: readonly NodeDescription[];
  readonly ticket: Ticket;
}): Row {
  const { clusterId, version, database, nodes, ticket } = options;
  const partitions = database.placements.map(({ ordinal, leafId }) => {
    const { host, port } = must(nodes.find((node) => node.id === leafId)).address;
    return [ordinal, host, port];
  });
  return [
    clusterId,
    version,
    String(WIRE_VERSION),
    database.durability,
    database.collation,
    JSON.stringify(partitions),
    Buffer.from(ticket.claims).toString('hex'),
    Buffer.from(ticket.key).toString('hex'),
    database.role,
  ];
}

/** The source in the row, or null when it is not one: checked, for it comes from elsewhere. */
export function readSourceRow(row: Readonly<Record<string, unknown>>): ReplicationSource | null {
  const field = (name: string) => (typeof row[name] === 'string' ? row[name] : '');
  const partitions = readPartitions(field('Partitions'));
  const durability = field('Durability');
  const collation = field('Collation');
  if (partitions === null || field('Cluster_id') === '') return null;
  if (durability !== 'sync' && durability !== 'async') return null;
  if (!isCollation(collation)) return null;
  return {
    clusterId: field('Cluster_id'),
    version: field('Version'),
    wireVersion: Number(field('Wire_version')),
    durability,
    collation,
    role: field('Role') === 'secondary' ? 'secondary' : 'primary',
    partitionCount: partitions.filter(({ ordinal }) => ordinal !== REFERENCE_ORDINAL).length,
    partitions,
    ticket: {
      claims: new Uint8Array(Buffer.from(field('Ticket_claims'), 'hex')),
      key: new Uint8Array(Buffer.from(field('Ticket_key'), 'hex')),
    },
  };
}

function isCollation(name: string): name is Collation {
  return name === 'utf8mb4_general_ci' || name === 'utf8mb4_bin' || name === 'binary';
}

/** Ordinals must be REFERENCE_ORDINAL and 0 to P-1, each once. */
function readPartitions(json: string): SourcePartition[] | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const partitions: SourcePartition[] = [];
  for (const entry of value as unknown[]) {
    if (!Array.isArray(entry)) return null;
    const [ordinal, host, port] = entry as unknown[];
    if (typeof ordinal !== 'number' || typeof host !== 'string' || typeof port !== 'number') {
      return null;
    }
    partitions.push({ ordinal, address: { host, port } });
  }
  partitions.sort((a, b) => a.ordinal - b.ordinal);
  const complete = partitions.every(({ ordinal }, index) => ordinal === REFERENCE_ORDINAL + index);
  return complete && partitions.length > 1 ? partitions : null;
}

/** Negative, zero or positive, as version `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string) => version.split(/[.+-]/, 3).map((part) => Number(part) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
