// Every link's positions, gathered: SHOW REPLICATION STATUS, SHOW REPLICAS, MV_REPLICATION_STATUS.
//
// Names of columns and states are SingleStore's; what it does not have stands behind.

import { addressText, partitionName, REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { FollowerStatus, LinkStatus, PartitionStatus } from '#shared/wire/message.ts';
import type { LeafPartitions } from './leaf-statuses.ts';
import { databaseId, positionText, statusColumns, uriText } from './status-columns.ts';
import type { StatusTable } from './status-columns.ts';

const bytesPerMb = 1024 * 1024;

interface Held {
  readonly leaf: LeafPartitions;
  readonly partition: PartitionStatus;
}

function held(leaves: readonly LeafPartitions[]): Held[] {
  return leaves.flatMap((leaf) => leaf.partitions.map((partition) => ({ leaf, partition })));
}

function inOrder(a: Held, b: Held): number {
  const left = a.partition.key;
  const right = b.partition.key;
  if (left.database !== right.database) return left.database < right.database ? -1 : 1;
  return left.ordinal - right.ordinal || a.leaf.node.id - b.leaf.node.id;
}

function isConnected(link: LinkStatus): boolean {
  return link.state === 'streaming' || link.state === 'snapshot';
}

/** What answers is online: a primary that is not heard may be anything. */
function primaryState(link: LinkStatus): string {
  return link.hears || link.state === 'snapshot' ? 'online' : 'unknown';
}

/** A lag of 0 is told only while the primary is heard: null when it is not known. */
export function knownLag({ hears }: LinkStatus, lag: number): number | null {
  return lag > 0 || hears ? lag : null;
}

/** SingleStore's word for where a link's partition is. */
function replicaState(link: LinkStatus, partition: PartitionStatus): string {
  if (link.state === 'paused') return 'replication paused';
  if (hasStopped(link.state)) return link.state;
  return partition.state === 'provisioning' ? 'provisioning' : 'replicating';
}

/** A link that does not go on by itself. */
function hasStopped(state: string): boolean {
  return state === 'failed' || state === 'diverged';
}

const statusTable = statusColumns({
  Role: 'text',
  Database: 'text',
  Master_URI: 'text',
  Master_State: 'text',
  Master_CommitLSN: 'text',
  Master_HardenedLSN: 'text',
  Master_ReplayLSN: 'text',
  Master_TailLSN: 'text',
  Master_Commits: 'integer',
  Connected: 'text',
  Replica_URI: 'text',
  Replica_State: 'text',
  Replica_CommitLSN: 'text',
  Replica_HardenedLSN: 'text',
  Replica_ReplayLSN: 'text',
  Replica_TailLSN: 'text',
  Replica_Commits: 'integer',
  Check_Result: 'text',
  Check_LSN: 'integer',
  Check_Time: 'text',
});

function linkRow({ leaf, partition }: Held, link: LinkStatus): Row {
  const { lsn } = link.primaryTail;
  // Since this link has begun its primary has not told.
  const isKnown = lsn > 0n;
  const tail = isKnown ? positionText(link.primaryTail) : null;
  const replay = positionText(partition.replay);
  return [
    partition.role === 'replica' ? 'sync replica' : 'async replica',
    partitionName(partition.key),
    uriText(link.source, partitionName(link.sourceKey)),
    primaryState(link),
    tail,
    tail,
    '0:0',
    tail,
    isKnown ? lsn : null,
    isConnected(link) ? 'yes' : 'no',
    uriText(leaf.node.address, partitionName(partition.key)),
    replicaState(link, partition),
    replay,
    positionText(partition.hardened),
    replay,
    positionText(partition.tail),
    partition.replay.lsn,
    ...checkValues(link),
  ];
}

/** Whether the rows were those of the primary when that was last looked at. */
function checkValues({ check }: LinkStatus): Row {
  if (check === null || check.endedMs === 0) return [check?.result ?? null, null, null];
  const { result, reason, lsn, endedMs } = check;
  const text = result === 'failed' ? `not checked: ${reason}` : result;
  return [text, lsn, new Date(endedMs).toISOString()];
}

/** `<cluster>/<name>` or `<cluster>/<name>@<leaf>`: the name. */
function followerName(follower: FollowerStatus): string {
  return follower.id.slice(follower.id.indexOf('/') + 1).replace(/@.*$/, '');
}

/** Only who is connected is known to follow: another may be paused, or gone. */
function followerState({ connected, state }: FollowerStatus): string {
  if (!connected) return 'unknown';
  return state === 'replicate' ? 'replicating' : 'provisioning';
}

function followerRow({ partition }: Held, follower: FollowerStatus): Row {
  const confirmed = positionText({ term: partition.tail.term, lsn: follower.confirmed });
  return [
    'master',
    partitionName(partition.key),
    null,
    partition.state,
    positionText(partition.replay),
    positionText(partition.hardened),
    positionText(partition.replay),
    positionText(partition.tail),
    partition.replay.lsn,
    follower.connected ? 'yes' : 'no',
    uriText(follower.address, followerName(follower)),
    followerState(follower),
    confirmed,
    confirmed,
    confirmed,
    confirmed,
    follower.confirmed,
    ...[null, null, null],
  ];
}

/** SHOW REPLICATION STATUS: a row for each link of ours, and for each follower of a partition. */
export function replicationStatus(leaves: readonly LeafPartitions[]): StatusTable {
  const rows = held(leaves)
    .toSorted(inOrder)
    .flatMap((each) => [
      ...(each.partition.link === null ? [] : [linkRow(each, each.partition.link)]),
      ...each.partition.followers.map((follower) => followerRow(each, follower)),
    ]);
  return { columns: statusTable, rows };
}

const replicaColumns = statusColumns({
  Database: 'text',
  Ordinal: 'integer',
  Partition: 'text',
  Follower: 'text',
  Follower_Leaf: 'text',
  State: 'text',
  Connected: 'text',
  Tail_LSN: 'text',
  Confirmed_LSN: 'text',
  LSN_Lag: 'integer',
  Bytes_Kept: 'integer',
  Let_Go: 'long',
});

/** SHOW REPLICAS: who follows, how far, and how much log is kept for it. */
export function replicas(leaves: readonly LeafPartitions[]): StatusTable {
  const rows = held(leaves)
    .toSorted(inOrder)
    .flatMap(({ partition }) =>
      partition.followers.map((follower): Row => {
        const { term, lsn } = partition.hardened;
        const lag = lsn > follower.confirmed ? lsn - follower.confirmed : 0n;
        return [
          partition.key.database,
          partition.key.ordinal === REFERENCE_ORDINAL ? null : BigInt(partition.key.ordinal),
          partitionName(partition.key),
          follower.id,
          follower.address,
          follower.state,
          follower.connected ? 'yes' : 'no',
          positionText({ term, lsn }),
          positionText({ term, lsn: follower.confirmed }),
          lag,
          BigInt(follower.bytesKept),
          follower.letGo,
        ];
      }),
    );
  return { columns: replicaColumns, rows };
}

const viewColumns = {
  IS_DR: 'integer',
  IS_SYNC: 'integer',
  DATABASE_NAME: 'text',
  PRIMARY_URI: 'text',
  SECONDARY_URI: 'text',
  PRIMARY_STATE: 'text',
  SECONDARY_STATE: 'text',
  LSN_LAG: 'integer',
  VOLUME_LAG_MB: 'real',
  REPLICATION_THROUGHPUT_MBPS: 'real',
  ESTIMATED_CATCHUP_TIME_S: 'real',
  /** Ours from here on. */
  TIME_LAG_S: 'real',
  SNAPSHOT_DONE_MB: 'real',
  SNAPSHOT_TOTAL_MB: 'real',
  LAST_ERROR: 'long',
  LAST_REPAIR: 'long',
} as const;

/** Columns of MV_REPLICATION_STATUS and MV_AGGREGATED_REPLICATION_STATUS. */
export const replicationViewColumns = statusColumns(viewColumns);

/** Columns of LMV_REPLICATION_STATUS. */
export const localReplicationViewColumns = statusColumns({
  IS_MASTER: 'integer',
  DATABASE_ID: 'integer',
  ...viewColumns,
});

interface ViewRow {
  readonly isDr: boolean;
  readonly isSync: boolean;
  readonly database: string;
  readonly primaryUri: string;
  readonly secondaryUri: string;
  readonly primaryState: string;
  readonly secondaryState: string;
  /** Null, as the next: nothing is known to be missing, and the primary is not heard. */
  readonly lsnLag: number | null;
  readonly bytesLag: number | null;
  readonly bytesPerSecond: number;
  /** Null when it cannot be told: something is missing and nothing comes. */
  readonly catchUpSeconds: number | null;
  readonly lagMs: number;
  readonly snapshotDone: number;
  readonly snapshotTotal: number;
  readonly lastError: string;
  readonly lastRepair: string;
}

function viewRowOf({ leaf, partition }: Held, link: LinkStatus): ViewRow {
  const left = link.lagBytes + link.snapshotBytesTotal - link.snapshotBytesDone;
  const speed = link.bytesPerSecond;
  const seconds = left === 0 ? 0 : speed > 0 ? left / speed : null;
  return {
    isDr: partition.role === 'secondary',
    isSync: partition.role === 'replica',
    database: partitionName(partition.key),
    primaryUri: uriText(link.source, partitionName(link.sourceKey)),
    secondaryUri: uriText(leaf.node.address, partitionName(partition.key)),
    primaryState: primaryState(link),
    secondaryState: replicaState(link, partition),
    lsnLag: knownLag(link, link.lagRecords),
    bytesLag: knownLag(link, link.lagBytes),
    bytesPerSecond: speed,
    catchUpSeconds: primaryState(link) === 'online' ? seconds : null,
    lagMs: link.lagMs,
    snapshotDone: link.snapshotBytesDone,
    snapshotTotal: link.snapshotBytesTotal,
    lastError: link.lastError,
    lastRepair: partition.lastRepair,
  };
}

function flag(value: boolean): bigint {
  return value ? 1n : 0n;
}

function toRow(view: ViewRow): Row {
  const values: Record<keyof typeof viewColumns, StoredValue> = {
    IS_DR: flag(view.isDr),
    IS_SYNC: flag(view.isSync),
    DATABASE_NAME: view.database,
    PRIMARY_URI: view.primaryUri,
    SECONDARY_URI: view.secondaryUri,
    PRIMARY_STATE: view.primaryState,
    SECONDARY_STATE: view.secondaryState,
    LSN_LAG: view.lsnLag === null ? null : BigInt(view.lsnLag),
    VOLUME_LAG_MB: view.bytesLag === null ? null : view.bytesLag / bytesPerMb,
    REPLICATION_THROUGHPUT_MBPS: view.bytesPerSecond / bytesPerMb,
    ESTIMATED_CATCHUP_TIME_S: view.catchUpSeconds,
    TIME_LAG_S: view.lagMs / 1000,
    SNAPSHOT_DONE_MB: view.snapshotDone / bytesPerMb,
    SNAPSHOT_TOTAL_MB: view.snapshotTotal / bytesPerMb,
    LAST_ERROR: view.lastError,
    LAST_REPAIR: view.lastRepair,
  };
  return Object.values(values);
}

function viewRows(leaves: readonly LeafPartitions[]): { held: Held; view: ViewRow }[] {
  return held(leaves)
    .toSorted(inOrder)
    .flatMap((each) => {
      const { link } = each.partition;
      return link === null ? [] : [{ held: each, view: viewRowOf(each, link) }];
    });
}

/** MV_REPLICATION_STATUS: a row a link, of all leaves. */
export function replicationViewRows(leaves: readonly LeafPartitions[]): Row[] {
  return viewRows(leaves).map(({ view }) => toRow(view));
}

/** LMV_REPLICATION_STATUS. The links of an embedded leaf are this node's too. */
export function localReplicationViewRows(leaves: readonly LeafPartitions[]): Row[] {
  return viewRows(leaves).map(({ held: { partition }, view }) => [
    0n,
    databaseId(partition.key.database),
    ...toRow(view),
  ]);
}

/** MV_AGGREGATED_REPLICATION_STATUS: a row a database and kind of link: sums, and the longest. */
export function aggregatedReplicationViewRows(leaves: readonly LeafPartitions[]): Row[] {
  const groups = new Map<string, { held: Held; view: ViewRow }[]>();
  for (const each of viewRows(leaves)) {
    const { key, role } = each.held.partition;
    const group = `${key.database}/${role}`;
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  return [...groups.values()].map((group) => toRow(aggregate(group)));
}

/** `group` has at least one entry; the state is that of the link that is worst off. */
function aggregate(group: readonly { held: Held; view: ViewRow }[]): ViewRow {
  const views = group.map(({ view }) => view);
  const [first] = group;
  const link = first?.held.partition.link ?? null;
  const sum = (field: keyof ViewRow) => views.reduce((all, view) => all + Number(view[field]), 0);
  const worst =
    views.find(({ secondaryState }) => hasStopped(secondaryState)) ??
    views.find(({ secondaryState }) => secondaryState === 'provisioning') ??
    views.find(({ secondaryState }) => secondaryState !== 'replicating') ??
    views[0];
  const catchUps = views.map(({ catchUpSeconds }) => catchUpSeconds);
  // A sum with an unknown part is a sum while it tells that something is missing.
  const lag = (field: 'lsnLag' | 'bytesLag') => {
    const isUnknown = views.some((view) => view[field] === null);
    return isUnknown && sum(field) === 0 ? null : sum(field);
  };
  return {
    isDr: worst?.isDr ?? false,
    isSync: worst?.isSync ?? false,
    database: first?.held.partition.key.database ?? '',
    primaryUri: link === null ? '' : uriText(link.source, link.sourceKey.database),
    secondaryUri:
      first === undefined
        ? ''
        : `${addressText(first.held.leaf.node.address)}/${first.held.partition.key.database}`,
    primaryState: views.every((view) => view.primaryState === 'online') ? 'online' : 'unknown',
    secondaryState: worst?.secondaryState ?? '',
    lsnLag: lag('lsnLag'),
    bytesLag: lag('bytesLag'),
    bytesPerSecond: sum('bytesPerSecond'),
    catchUpSeconds: catchUps.includes(null) ? null : Math.max(...catchUps.map(Number)),
    lagMs: Math.max(...views.map(({ lagMs }) => lagMs)),
    snapshotDone: sum('snapshotDone'),
    snapshotTotal: sum('snapshotTotal'),
    lastError: views.find(({ lastError }) => lastError !== '')?.lastError ?? '',
    lastRepair: views.find(({ lastRepair }) => lastRepair !== '')?.lastRepair ?? '',
  };
}
