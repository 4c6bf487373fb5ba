// Databases and partitions with their roles, states and positions, as SingleStore shows them.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { partitionName, type NodeDescription } from '#shared/cluster/topology.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { LinkStatus, PartitionStatus } from '#shared/wire/message.ts';
import { masterCopies, shownCopyState, shownState, type LeafPartitions } from './leaf-statuses.ts';
import { positionText, statusColumns, type StatusTable } from './status-columns.ts';

const bytesPerMb = 1024 * 1024;

/** The least advanced of the partitions stands for the database. */
function slowest(partitions: readonly PartitionStatus[]): PartitionStatus | null {
  if (partitions.length === 0) return null;
  return partitions.reduce((a, b) => (b.replay.lsn < a.replay.lsn ? b : a));
}

const databasesColumns = statusColumns({
  Database: 'text',
  Commits: 'integer',
  Role: 'text',
  State: 'text',
  Position: 'text',
  Details: 'long',
  AsyncSlaves: 'integer',
  SyncSlaves: 'integer',
  ConsensusSlaves: 'integer',
  CommittedPosition: 'text',
  HardenedPosition: 'text',
  ReplayPosition: 'text',
  Term: 'integer',
  LastPageTerm: 'integer',
  'Memory (MBs)': 'real',
  'Pending IOs': 'integer',
});

/**
 * SHOW DATABASES EXTENDED. Positions are those of the partition that is furthest back.
 * `troubleOf`: what is wrong with a database's primary, ''.
 */
export function databasesExtended(
  databases: readonly DatabaseDefinition[],
  leaves: readonly LeafPartitions[],
  troubleOf: (database: string) => string,
): StatusTable {
  const rows = databases.map((database): Row => {
    const partitions = [...masterCopies(database, leaves).values()];
    const last = slowest(partitions);
    const position = last === null ? null : positionText(last.replay);
    const commits = partitions.reduce((sum, { replay }) => sum + replay.lsn, 0n);
    const followers = partitions.flatMap((partition) => partition.followers);
    const synchronous = followers.filter(({ id }) => id.includes('@')).length;
    const bytes = partitions.reduce((sum, { fileSizeBytes }) => sum + fileSizeBytes, 0);
    return [
      database.name,
      commits,
      database.role === 'primary' ? 'master' : 'async replica',
      shownState(database, partitions),
      position,
      detailsOf(database, partitions, troubleOf(database.name)),
      BigInt(followers.length - synchronous),
      BigInt(synchronous),
      0n,
      position,
      last === null ? null : positionText(last.hardened),
      position,
      last === null ? null : BigInt(last.tail.term),
      last === null ? null : BigInt(last.replay.term),
      bytes / bytesPerMb,
      0n,
    ];
  });
  return { columns: databasesColumns, rows };
}

function detailsOf(
  database: DatabaseDefinition,
  partitions: readonly PartitionStatus[],
  trouble: string,
): string {
  const missing = database.placements.length - partitions.length;
  if (missing > 0) return `${missing} partitions are on leaves that do not answer`;
  const recovering = partitions.filter(({ state }) => state === 'recovering').length;
  if (recovering > 0) return `${recovering} partitions are being opened`;
  const error = partitions.find((each) => each.error !== '')?.error;
  if (error !== undefined) return error;
  const stopped = stoppedDetails(database, partitions);
  if (stopped !== null) return stopped;
  if (trouble !== '') return trouble;
  return partitions.find(({ link }) => (link?.lastError ?? '') !== '')?.link?.lastError ?? '';
}

/** Why a link has stopped, and what has it go on. */
function stoppedDetails(
  database: DatabaseDefinition,
  partitions: readonly PartitionStatus[],
): string | null {
  const state = shownState(database, partitions);
  if (state !== 'diverged' && state !== 'failed') return null;
  const reason = partitions.find(({ link }) => link?.state === state)?.link?.lastError ?? '';
  const wayOut =
    state === 'failed'
      ? `CONTINUE REPLICATING ${database.name} tries again`
      : `REPLICATE DATABASE ${database.name} WITH FORCE DIFFERENTIAL FROM ... takes back what ` +
        'the primary has not, and follows';
  return `${reason}; ${wayOut}`;
}

const databaseStatusColumns = statusColumns({ Key: 'text', Value: 'long' });

/** SHOW DATABASE STATUS of one database: keys and values. */
export function databaseStatus(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
): StatusTable {
  const partitions = [...masterCopies(database, leaves).values()];
  const last = slowest(partitions);
  const text = (of: (partition: PartitionStatus) => string) => (last === null ? '' : of(last));
  const isPrimary = database.role === 'primary';
  const values: Record<string, string> = {
    database: database.name,
    role: isPrimary ? 'master' : 'async replica',
    state: shownState(database, partitions),
    commit_count: String(partitions.reduce((sum, { replay }) => sum + replay.lsn, 0n)),
    provision_file: '',
    oldest_living_snapshot: text(({ firstLsn }) => String(firstLsn - 1n)),
    newest_snapshot: text(({ firstLsn }) => String(firstLsn - 1n)),
    log_type: 'sequential',
    commit_lsn: text(({ replay }) => positionText(replay)),
    hardened_lsn: text(({ hardened }) => positionText(hardened)),
    ...(isPrimary ? {} : { replay_lsn: text(({ replay }) => positionText(replay)) }),
    tail_lsn: text(({ tail }) => positionText(tail)),
    ...(isPrimary ? { replicated_committed_lsn: text(confirmedByAll) } : {}),
    term: text(({ tail }) => String(tail.term)),
    partitions: String(database.partitionCount),
    durability: database.durability,
    primary_uri: database.primaryUri,
    catalog_version: String(database.catalogVersion),
  };
  return { columns: databaseStatusColumns, rows: Object.entries(values) };
}

/** What every follower of the partition has confirmed; its own position where there is none. */
function confirmedByAll({ followers, replay, tail }: PartitionStatus): string {
  const lsn = followers.reduce(
    (low, each) => (each.confirmed < low ? each.confirmed : low),
    replay.lsn,
  );
  return positionText({ term: tail.term, lsn });
}

const plainPartitionColumns = {
  Ordinal: 'integer',
  Host: 'text',
  Port: 'integer',
  Role: 'text',
  Locked: 'integer',
} as const;

const partitionsColumns = statusColumns(plainPartitionColumns);

const partitionsExtendedColumns = statusColumns({
  ...plainPartitionColumns,
  State: 'text',
  Position: 'text',
  Tail_Position: 'text',
  Catalog_Version: 'integer',
  File_Size_MB: 'real',
  Log_Size_MB: 'real',
  Replication_Status: 'text',
  Last_Error: 'long',
});

/** SHOW PARTITIONS [EXTENDED] ON db: a row a copy, masters first. The reference partition: NULL. */
export function partitionsOf(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
  extended: boolean,
): StatusTable {
  const rows = database.placements
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .flatMap(({ ordinal, leafId, replicaLeafIds }) =>
      [leafId, ...replicaLeafIds].map((id, index): Row => {
        const leaf = leaves.find(({ node }) => node.id === id);
        const plain: Row = [
          ordinal < 0 ? null : BigInt(ordinal),
          leaf?.node.address.host ?? null,
          leaf === undefined ? null : BigInt(leaf.node.address.port),
          index === 0 ? 'Master' : 'Replica',
          0n,
        ];
        return extended ? [...plain, ...extendedOf(database.name, ordinal, leaf)] : plain;
      }),
    );
  return { columns: extended ? partitionsExtendedColumns : partitionsColumns, rows };
}

function extendedOf(database: string, ordinal: number, leaf: LeafPartitions | undefined): Row {
  const status = leaf?.partitions.find(
    ({ key }) => key.database === database && key.ordinal === ordinal,
  );
  if (status === undefined) {
    const error = leaf === undefined || leaf.error === '' ? 'not on this leaf' : leaf.error;
    return ['offline', null, null, null, null, null, null, error];
  }
  return [
    shownCopyState(status),
    positionText(status.replay),
    positionText(status.tail),
    BigInt(status.catalogVersion),
    status.fileSizeBytes / bytesPerMb,
    status.logSizeBytes / bytesPerMb,
    status.link?.state ?? null,
    status.error === '' ? (status.link?.lastError ?? '') : status.error,
  ];
}

/** As SingleStore words it: `stage: packet wait, state: x_streaming, err: no`. */
function linkDetails({ state, lastError, lagRecords }: LinkStatus): string {
  const stage = state === 'streaming' && lagRecords === 0 ? 'packet wait' : state;
  const error = lastError === '' ? 'no' : lastError;
  return `stage: ${stage}, state: x_${state.replaceAll(' ', '_')}, err: ${error}`;
}

export const clusterColumns = statusColumns({
  NODE_ID: 'integer',
  HOST: 'text',
  PORT: 'integer',
  DATABASE_NAME: 'text',
  ROLE: 'text',
  STATE: 'short',
  POSITION: 'short',
  MASTER_HOST: 'text',
  MASTER_PORT: 'integer',
  METADATA_MASTER_NODE_ID: 'integer',
  METADATA_MASTER_HOST: 'text',
  METADATA_MASTER_PORT: 'integer',
  METADATA_ROLE: 'text',
  DETAILS: 'long',
});

/** SHOW CLUSTER STATUS: a row a copy, as its leaf and as the metadata have it. */
export function clusterStatus(
  databases: readonly DatabaseDefinition[],
  leaves: readonly LeafPartitions[],
): StatusTable {
  const nodes = leaves.map(({ node }) => node);
  const rows = leaves.flatMap(({ node, partitions }) =>
    partitions.map((partition): Row => clusterRow(databases, nodes, node, partition)),
  );
  return { columns: clusterColumns, rows };
}

function clusterRow(
  databases: readonly DatabaseDefinition[],
  nodes: readonly NodeDescription[],
  node: NodeDescription,
  partition: PartitionStatus,
): Row {
  const { key, link } = partition;
  const placement = databases
    .find(({ name }) => name === key.database)
    ?.placements.find(({ ordinal }) => ordinal === key.ordinal);
  const isMaster = placement?.leafId === node.id;
  const isReplica = placement?.replicaLeafIds.includes(node.id) === true;
  const master = nodes.find(({ id }) => id === placement?.leafId);
  const role = isMaster ? 'master' : isReplica ? 'reference' : 'orphan';
  const metadataRole = isMaster ? 'Master' : isReplica ? 'Sync Replica' : 'Non-existent';
  return [
    BigInt(node.id),
    node.address.host,
    BigInt(node.address.port),
    partitionName(key),
    partition.role === 'secondary' ? 'replica' : role,
    shownCopyState(partition),
    positionText(partition.replay),
    link?.source.host ?? null,
    link === null ? null : BigInt(link.source.port),
    master === undefined ? null : BigInt(master.id),
    master?.address.host ?? null,
    master === undefined ? null : BigInt(master.address.port),
    metadataRole,
    link === null || partition.error !== '' ? partition.error : linkDetails(link),
  ];
}
