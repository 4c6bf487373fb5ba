// A first copy that was cut off is never taken for a whole one, whatever dies; there is a way out.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { refusalOf, sameRows, stateOf, type Asked, replicate } from '#test/support/follow.ts';
import { LeafNetwork } from '#test/support/leaf-network.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

/** A cluster of one leaf, which is reached at that address. */
async function startSite(t: ExecutionContext, network: LeafNetwork, number: number) {
  const host = `127.0.${number}.2`;
  const within = { network, joinHost: `127.0.${number}.1`, hosts: [host] };
  const cluster = await startProcessCluster(t, { leaves: 1, within });
  const has = (partition: string, file: string) => {
    return existsSync(join(cluster.dataDir, '..', 'leaf-0', 'partitions', partition, file));
  };
  const isMarked = (partition: string) => has(partition, 'maybe-torn');
  const isCopied = (partition: string) => {
    const steps = ['link-snapshot.download', 'data.sqlite.ready'];
    return isMarked(partition) && !steps.some((file) => has(partition, file));
  };
  return { ...cluster, host, isMarked, isCopied, leaf: must(cluster.leaves[0]) };
}

/** Of 2 partitions, which are too long for the bytes that get through a held connection. */
async function makeDatabase(primary: Asked, name: string): Promise<void> {
  await primary.query(`CREATE DATABASE ${name} PARTITIONS 2`);
  await primary.query(`CREATE TABLE ${name}.item (id BIGINT PRIMARY KEY, v TEXT)`);
  const row = (id: number) => `(${id}, '${randomBytes(1000).toString('base64')}')`;
  const rows = Array.from({ length: 300 }, (_, index) => row(index));
  await primary.query(`INSERT INTO ${name}.item VALUES ${rows.join()}`);
  // Without the log from its beginning, who comes anew needs a snapshot.
  await primary.query(`SNAPSHOT DATABASE ${name}`);
}

async function isHalfCopied(secondary: Asked, name: string): Promise<boolean> {
  const links = await secondary.query(
    'SELECT * FROM information_schema.MV_REPLICATION_STATUS WHERE ' +
      `DATABASE_NAME IN ('${name}_0', '${name}_1')`,
  );
  const half = links.filter((link) => {
    return Number(link['SNAPSHOT_DONE_MB']) < Number(link['SNAPSHOT_TOTAL_MB']);
  });
  return half.length === 2;
}

const rowsOf = (name: string) => `SELECT id, md5(v) AS v FROM ${name}.item ORDER BY id`;

/** Bytes of a snapshot that arrive. */
const bytesHeld = 40_000;

test('first copy: cut off by a death of aggregator and leaf, it stays one', async (t) => {
  t.timeout(300_000);
  const network = new LeafNetwork(t);
  const [primary, secondary] = [await startSite(t, network, 81), await startSite(t, network, 82)];
  const from = `FROM root:'${primary.rootPassword}'@127.0.0.1:${primary.port}`;
  for (const name of ['never', 'forced', 'healed']) await makeDatabase(primary, name);

  // Nothing whole has arrived: it can be given up, and begun again.
  network.hold(secondary.host, bytesHeld);
  await replicate(secondary, `REPLICATE DATABASE never ${from}`);
  await until('half a snapshot', () => isHalfCopied(secondary, 'never'));
  network.cut(primary.host);
  t.is(await stateOf(secondary, 'never'), 'provisioning');
  t.is(await refusalOf(secondary, 'SELECT * FROM never.item'), 1767);
  t.is(await refusalOf(secondary, 'INSERT INTO never.item VALUES (1, NULL)'), 1290);
  t.is(await refusalOf(secondary, 'STOP REPLICATING never'), 1767);
  t.is(await refusalOf(secondary, 'STOP REPLICATING never FORCE'), 1767);
  await secondary.query('DROP DATABASE never');
  t.is(await stateOf(secondary, 'never'), undefined);
  network.heal(primary.host);

  const names = ['forced', 'healed'];
  for (const name of names) await secondary.query(`REPLICATE DATABASE ${name} ${from}`);
  for (const name of names) {
    await until('half a snapshot', () => isHalfCopied(secondary, name));
  }
  // The copies are completed without anybody who could find the databases whole.
  await secondary.aggregator.stop('SIGKILL');
  network.release(secondary.host);
  const partitions = names.flatMap((name) => [`${name}_0`, `${name}_1`]);
  await until('all snapshots to be in', () => partitions.every(secondary.isCopied));
  const forced = await primary.query(rowsOf('forced'));
  await secondary.leaf.stop('SIGKILL');
  network.cut(primary.host);
  await secondary.aggregator.start();
  await secondary.leaf.start();
  for (const name of names) {
    await until('it to be told', async () => (await stateOf(secondary, name)) === 'provisioning');
    t.is(await refusalOf(secondary, `SELECT * FROM ${name}.item`), 1767);
    const refused = await t.throwsAsync(secondary.query(`STOP REPLICATING ${name}`));
    t.regex(refused?.message ?? '', /not whole.*FORCE promotes what has arrived/);
  }

  // The primary is lost for good: what has arrived is promoted on demand.
  await secondary.query('STOP REPLICATING forced FORCE');
  t.is(await stateOf(secondary, 'forced'), 'online');
  t.deepEqual(await secondary.query(rowsOf('forced')), forced);
  t.false(secondary.isMarked('forced_0'));
  await secondary.query("INSERT INTO forced.item VALUES (1000, 'own')");

  // Or it was not: the copy is found whole by itself.
  network.heal(primary.host);
  await until('it to follow', async () => (await stateOf(secondary, 'healed')) === 'replicating');
  t.false(secondary.isMarked('healed_0') || secondary.isMarked('healed_1'));
  await sameRows(primary, secondary, rowsOf('healed'));
  await secondary.query('STOP REPLICATING healed');
  t.is(await stateOf(secondary, 'healed'), 'online');
});
