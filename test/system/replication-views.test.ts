// What SHOW and information_schema tell of a replicated database: columns, states, lag, progress.

import test from 'ava';
import mysql, { type FieldPacket, type RowDataPacket } from 'mysql2';
import { caughtUp, refusalOf, stateOf, replicate } from '#test/support/follow.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

/**
 * By statement: SingleStore's columns, and ours behind the `+`. `#` is a BIGINT, `~` a DOUBLE,
 * `…` a TEXT, anything else a VARCHAR.
 */
const linkColumns =
  'Role Database Master_URI Master_State Master_CommitLSN Master_HardenedLSN Master_ReplayLSN ' +
  'Master_TailLSN Master_Commits# Connected Replica_URI Replica_State Replica_CommitLSN ' +
  'Replica_HardenedLSN Replica_ReplayLSN Replica_TailLSN Replica_Commits# + Check_Result ' +
  'Check_LSN# Check_Time';
const viewColumns =
  'IS_DR# IS_SYNC# DATABASE_NAME PRIMARY_URI SECONDARY_URI PRIMARY_STATE SECONDARY_STATE ' +
  'LSN_LAG# VOLUME_LAG_MB~ REPLICATION_THROUGHPUT_MBPS~ ESTIMATED_CATCHUP_TIME_S~ + ' +
  'TIME_LAG_S~ SNAPSHOT_DONE_MB~ SNAPSHOT_TOTAL_MB~ LAST_ERROR… LAST_REPAIR…';
const clusterColumns =
  'NODE_ID# HOST PORT# DATABASE_NAME ROLE STATE POSITION MASTER_HOST MASTER_PORT# ' +
  'METADATA_MASTER_NODE_ID# METADATA_MASTER_HOST METADATA_MASTER_PORT# METADATA_ROLE DETAILS…';
const aggregatorColumns =
  'Host Port# State Opened_Connections# Average_Roundtrip_Latency_ms~ Master_Aggregator# Role ' +
  'NodeID# Runtime_State';
const columnsOf: readonly (readonly [string, string])[] = [
  ['SHOW REPLICATION STATUS', linkColumns],
  ['SHOW DATABASES', 'Database'],
  [
    'SHOW DATABASES EXTENDED',
    'Database|Commits#|Role|State|Position|Details…|AsyncSlaves#|SyncSlaves#|ConsensusSlaves#|' +
      'CommittedPosition|HardenedPosition|ReplayPosition|Term#|LastPageTerm#|Memory (MBs)~|' +
      'Pending IOs#',
  ],
  ['USING shop SHOW DATABASE STATUS', 'Key Value…'],
  ['SHOW PARTITIONS ON shop', 'Ordinal# Host Port# Role Locked#'],
  [
    'SHOW PARTITIONS EXTENDED ON shop',
    'Ordinal# Host Port# Role Locked# + State Position Tail_Position Catalog_Version# ' +
      'File_Size_MB~ Log_Size_MB~ Replication_Status Last_Error…',
  ],
  ['SHOW CLUSTER STATUS', clusterColumns],
  ['SELECT * FROM information_schema.MV_CLUSTER_STATUS', clusterColumns],
  [
    'SHOW LEAVES',
    'Host Port# Availability_Group# Pair_Host Pair_Port# State Opened_Connections# ' +
      'Average_Roundtrip_Latency_ms~ NodeId# Grace_Period_in_Seconds# Minimum_Pre_Prepare_Ts# ' +
      'Runtime_State',
  ],
  ['SHOW AGGREGATORS', aggregatorColumns],
  [
    'SHOW AGGREGATORS EXTENDED',
    `${aggregatorColumns} Local_Minimum_Pre_Prepare_Ts# Minimum_Pre_Prepare_Ts# ` +
      'Availability_Group#',
  ],
  [
    'SHOW REPLICAS',
    '+ Database Ordinal# Partition Follower Follower_Leaf State Connected Tail_LSN ' +
      'Confirmed_LSN LSN_Lag# Bytes_Kept# Let_Go…',
  ],
  ['SELECT * FROM information_schema.MV_REPLICATION_STATUS', viewColumns],
  ['SELECT * FROM information_schema.MV_AGGREGATED_REPLICATION_STATUS', viewColumns],
  [
    'SELECT * FROM information_schema.LMV_REPLICATION_STATUS',
    `IS_MASTER# DATABASE_ID# ${viewColumns}`,
  ],
  [
    'SELECT * FROM information_schema.MV_DISTRIBUTED_DATABASES_STATUS',
    'DATABASE_NAME NUM_PARTITIONS# SUMMARY ONLINE# REPLICATING# RECOVERING# PENDING# ' +
      'TRANSITION# UNRECOVERABLE# OFFLINE# SYNC_MISMATCH#',
  ],
  [
    'SELECT * FROM information_schema.DISTRIBUTED_DATABASES',
    'DATABASE_ID# DATABASE_NAME NUM_PARTITIONS# NUM_SUB_PARTITIONS# REMOTE_NAME IS_SYNC# ' +
      'IS_SYNC_DURABILITY# IS_PAUSED# + ROLE STATE CATALOG_VERSION#',
  ],
  [
    'SELECT * FROM information_schema.DISTRIBUTED_PARTITIONS',
    'DATABASE_ID# DATABASE_NAME ORDINAL# HOST PORT# ROLE LOCKED# OFFLINE# STATE TERM# + NODE_ID#',
  ],
  [
    'SELECT * FROM information_schema.LEAVES',
    'NODE_ID# HOST PORT# AVAILABILITY_GROUP# PAIR_HOST PAIR_PORT# STATE OPENED_CONNECTIONS# ' +
      'AVERAGE_ROUNDTRIP_LATENCY_MS~ GRACE_PERIOD_IN_SECONDS# MINIMUM_PRE_PREPARE_TS# ' +
      'RUNTIME_STATE + EVENT_LOOP_DELAY_P50_MS~ EVENT_LOOP_DELAY_P99_MS~ ' +
      'EVENT_LOOP_DELAY_MAX_MS~ MEMORY_RSS_BYTES#',
  ],
  [
    'SELECT * FROM information_schema.AGGREGATORS',
    'NODE_ID# HOST PORT# STATE OPENED_CONNECTIONS# AVERAGE_ROUNDTRIP_LATENCY_MS~ ' +
      'MASTER_AGGREGATOR# ROLE RUNTIME_STATE',
  ],
  [
    'EXPLAIN STOP REPLICATING shop',
    '+ Ordinal# Partition State Link_State Position Primary_Position Records_Behind# ' +
      'Bytes_Behind# Seconds_Behind~ Records_Taken_Back# Transactions_Taken_Back…',
  ],
];

/** A column as it is written above. */
function written({ name, columnType = -1 }: FieldPacket): string {
  const marks: Readonly<Record<number, string>> = {
    [mysql.Types.LONGLONG]: '#',
    [mysql.Types.DOUBLE]: '~',
    [mysql.Types.BLOB]: '…',
    [mysql.Types.VAR_STRING]: '',
  };
  return `${name}${marks[columnType] ?? `?${columnType}`}`;
}

async function startPair(t: Parameters<typeof TestClusterProcess.start>[0], host: string) {
  const primary = await TestClusterProcess.start(t, { leaves: 1, advertiseHost: host });
  const proxy = await SiteProxy.start(t, { host, ports: primary.leafPorts });
  const secondary = await TestClusterProcess.start(t, { leaves: 2 });
  await primary.query('CREATE DATABASE shop PARTITIONS 2');
  await primary.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, v LONGTEXT)');
  return { primary, proxy, secondary, from: `FROM root:'secret'@127.0.0.1:${primary.port}` };
}

test('views: the columns are those of SingleStore', async (t) => {
  const { secondary, from } = await startPair(t, '127.0.0.41');
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  const client = await secondary.connect('root', 'secret');
  t.teardown(() => client.destroy());
  for (const [sql, names] of columnsOf) {
    const [rows, fields] = await client.query<RowDataPacket[]>(sql);
    t.true(rows.length > 0, sql);
    const wanted = names.includes('|') ? names.split('|') : names.split(' ');
    t.deepEqual(
      fields.map(written),
      wanted.filter((name) => name !== '+'),
      sql,
    );
  }
  const keys = (await secondary.query('USING shop SHOW DATABASE STATUS')).map((row) => row['Key']);
  t.deepEqual(keys.slice(0, 13), [
    ...['database', 'role', 'state', 'commit_count', 'provision_file', 'oldest_living_snapshot'],
    ...['newest_snapshot', 'log_type', 'commit_lsn', 'hardened_lsn', 'replay_lsn', 'tail_lsn'],
    'term',
  ]);
  t.true((await refusalOf(secondary, 'SHOW DATABASE STATUS')) === 1046);
  const summary = await secondary.query(
    'SELECT SUMMARY, REPLICATING FROM information_schema.MV_DISTRIBUTED_DATABASES_STATUS WHERE ' +
      "DATABASE_NAME = 'shop'",
  );
  t.deepEqual({ ...summary[0] }, { SUMMARY: 'healthy', REPLICATING: 4 });
});

/** Resolves when the row has these values. */
async function untilLike(
  what: string,
  wanted: Readonly<Record<string, unknown>>,
  row: () => Promise<Record<string, unknown>>,
): Promise<void> {
  await until(what, async () => {
    const seen = await row();
    if (Object.entries(wanted).every(([key, value]) => seen[key] === value)) return true;
    throw new Error(JSON.stringify(seen));
  });
}

test('views: states and lag from provisioning to pause to promotion', async (t) => {
  const { primary, proxy, secondary, from } = await startPair(t, '127.0.0.42');
  const [port = 0] = primary.leafPorts;
  const text = 'x'.repeat(200_000);
  for (let id = 0; id < 20; id++) {
    await primary.query(`INSERT INTO shop.item VALUES (${id}, '${text}')`);
  }
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  proxy.stall(port);
  t.is(await stateOf(secondary, 'shop'), 'provisioning');
  t.is(await refusalOf(secondary, 'SELECT * FROM shop.item'), 1767);
  t.is((await refusalOf(secondary, 'STOP REPLICATING shop')) > 0, true);
  proxy.flow(port);
  await caughtUp(secondary, 'shop');
  const lag = async (): Promise<Record<string, unknown>> => {
    const [row] = await secondary.query(
      'SELECT LSN_LAG AS n, VOLUME_LAG_MB AS mb, TIME_LAG_S AS s, SECONDARY_STATE AS state, ' +
        'PRIMARY_STATE AS there, ESTIMATED_CATCHUP_TIME_S AS left_s FROM ' +
        "information_schema.MV_AGGREGATED_REPLICATION_STATUS WHERE DATABASE_NAME = 'shop' " +
        'AND IS_DR = 1',
    );
    return row ?? {};
  };
  const none = { n: 0, mb: 0, s: 0, state: 'replicating', there: 'online', left_s: 0 };
  await untilLike('no lag', none, lag);
  proxy.stall(port);
  await primary.query(`INSERT INTO shop.item VALUES (100, '${text}')`);
  await until('a lag to be told', async () => Number((await lag())['s']) > 2, 20_000);
  // Nothing is known to be missing of a primary that is not heard: that is not 0.
  const unheard = { n: null, mb: null, there: 'unknown', left_s: null };
  await untilLike('it not to be heard', unheard, lag);
  const links = async () => {
    const rows = await secondary.query('SHOW REPLICATION STATUS');
    return rows.filter(({ Role }) => Role === 'async replica');
  };
  t.true((await links()).some(({ Master_State }) => Master_State === 'unknown'));
  proxy.flow(port);
  await untilLike('the lag to go', none, lag);
  t.true((await links()).every(({ Master_State }) => Master_State === 'online'));
  await secondary.query('PAUSE REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'replication paused');
  await untilLike('it to be paused', { ...unheard, state: 'replication paused' }, lag);
  await until('the primary to know that nobody is there', async () => {
    const rows = await primary.query('SHOW REPLICATION STATUS');
    const followers = rows.filter(({ Role }) => Role === 'master');
    const isGone = (row: Record<string, unknown>) =>
      row['Connected'] === 'no' && row['Replica_State'] === 'unknown';
    return followers.length === 3 && followers.every(isGone);
  });
  t.is(await refusalOf(secondary, 'SELECT count(*) FROM shop.item'), 0);
  const [explained] = await secondary.query('EXPLAIN STOP REPLICATING shop');
  t.is(explained?.['Link_State'], 'paused');
  t.is(explained?.['Records_Behind'], null);
  await secondary.query('CONTINUE REPLICATING shop');
  await caughtUp(secondary, 'shop');
  await until('all to be connected', async () => {
    const replicas = await primary.query("SHOW REPLICAS WHERE `Database` = 'shop'");
    return replicas.length === 3 && replicas.every((row) => row['Connected'] === 'yes');
  });
  await secondary.query('STOP REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'online');
  t.is(await refusalOf(secondary, 'EXPLAIN STOP REPLICATING shop'), 1793);
});

test('views: EXPLAIN REPLICATE pairs the leaves, and says who cannot reach whom', async (t) => {
  const { primary, proxy, secondary, from } = await startPair(t, '127.0.0.43');
  const explain = `EXPLAIN REPLICATE DATABASE shop ${from}`;
  const rows = await secondary.query(explain);
  t.is(rows.length, 3);
  t.true(rows.every((row) => row['Reachable'] === 'yes' && row['Action'] === 'COPY PARTITION'));
  t.true(rows.every((row) => row['Source_Host'] === '127.0.0.43'));
  t.false((await secondary.list('SHOW DATABASES')).includes('shop'));
  t.is(await refusalOf(secondary, `EXPLAIN REPLICATE DATABASE shop FROM x@127.0.0.1:1`), 1218);
  t.is(await refusalOf(secondary, `EXPLAIN REPLICATE DATABASE nothing ${from}`), 1049);
  t.is(
    await refusalOf(secondary, `EXPLAIN REPLICATE DATABASE shop WITH PARTITIONS 4 ${from}`),
    1235,
  );
  proxy.cut();
  const unreached = await secondary.query(explain);
  t.true(unreached.every((row) => row['Reachable'] === 'no'));
  t.regex(String(unreached[0]?.['Details']), /cannot reach leaf 127\.0\.0\.43/);
  proxy.heal();
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  t.is(await refusalOf(secondary, explain), 1769);
  await secondary.query('STOP REPLICATING shop');
  await primary.query("INSERT INTO shop.item VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')");
  const back = `FROM root:'secret'@127.0.0.1:${secondary.port}`;
  const failback = await primary.query(
    `EXPLAIN REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${back}`,
  );
  t.true(failback.every((row) => row['Action'] === 'TAKE BACK PARTITION'));
  t.true(failback.some((row) => /records after it would be/.test(String(row['Details']))));
  t.is(await stateOf(primary, 'shop'), 'online');
});
