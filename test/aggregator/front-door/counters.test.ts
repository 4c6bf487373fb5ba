// What SHOW STATUS counts of clients: their bytes, how they left, and what took them long.

import test from 'ava';
import { clusterOfFile, rootPassword } from '#test/aggregator/commands/client-cluster.ts';
import { must } from '#shared/assert.ts';
import { until } from '#test/support/wait.ts';
import { command, RawClient } from './raw-client.ts';

const cluster = clusterOfFile(test, []);

async function counters() {
  const client = await cluster().connect();
  const rows = await client.rows('SHOW GLOBAL STATUS');
  await client.close();
  const values = new Map(rows.map(([name, value]) => [name, Number(value)]));
  return (name: string): number => must(values.get(name), name);
}

async function enter(): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  await client.enter({ password: rootPassword });
  return client;
}

test.serial(
  'a client that leaves without a word is counted, one that says so is not',
  async (t) => {
    const before = await counters();
    const polite = await enter();
    const COM_QUIT = 1;
    polite.send(command(COM_QUIT));
    t.is(await polite.next(), null);
    const rude = await enter();
    rude.socket.destroy();
    await until('the client to be missed', async () => {
      return (await counters())('Aborted_clients') > before('Aborted_clients');
    });
    t.is((await counters())('Aborted_clients'), before('Aborted_clients') + 1);
  },
);

test.serial(
  'bytes are those of all clients, of who has left and over every way of reading',
  async (t) => {
    const text = `SELECT '${'x'.repeat(50_000)}' AS v`;
    const rounds = 20;
    const before = await counters();
    const client = await cluster().connect();
    for (let round = 0; round < rounds; round++) await client.rows(text);
    const during = await counters();
    t.true(during('Bytes_received') - before('Bytes_received') > rounds * 50_000);
    t.true(during('Bytes_sent') - before('Bytes_sent') > rounds * 50_000);
    t.true(during('Bytes_sent') - before('Bytes_sent') < rounds * 60_000, 'and none twice');
    await client.close();
    const after = await counters();
    t.true(
      after('Bytes_received') >= during('Bytes_received') &&
        after('Bytes_sent') >= during('Bytes_sent'),
    );
  },
);

test.serial('what takes as long as the client calls long is a slow query', async (t) => {
  const client = await cluster().connect();
  const before = await counters();
  await client.rows('SELECT SLEEP(0.01)');
  t.is((await counters())('Slow_queries'), before('Slow_queries'));
  await client.rows('SET long_query_time = 0');
  await client.rows('SELECT SLEEP(0.01)');
  t.true((await counters())('Slow_queries') > before('Slow_queries'));
  await client.close();
});

test.serial('each kind of statement is counted, by whichever way it was run', async (t) => {
  const client = await cluster().connect();
  await client.rows('CREATE DATABASE counted PARTITIONS 2');
  await client.rows('CREATE TABLE counted.item (id INT PRIMARY KEY, v INT)');
  const before = await counters();
  const rounds = 5;
  for (let round = 0; round < rounds; round++) {
    await client.rows(`INSERT INTO counted.item VALUES (${round}, 1)`);
    await client.rows(`SELECT v FROM counted.item WHERE id = ${round}`);
    await client.rows(`UPDATE counted.item SET v = 2 WHERE id = ${round}`);
    await client.rows(
      `REPLACE INTO counted.item SELECT id, 3 FROM counted.item WHERE id = ${round}`,
    );
    await client.rows('BEGIN');
    await client.rows('ROLLBACK');
  }
  await client.failure('SELECT nothing FROM counted.item');
  await client.rows('DELETE FROM counted.item');
  const after = await counters();
  const grown = (name: string): number => after(`Com_${name}`) - before(`Com_${name}`);
  const kinds = ['insert', 'update', 'replace_select', 'begin', 'rollback'];
  t.deepEqual(
    kinds.map(grown),
    kinds.map(() => rounds),
  );
  t.is(grown('select'), rounds + 1, 'one that fails was begun');
  t.deepEqual([grown('delete'), grown('create_table'), grown('insert_select')], [1, 0, 0]);
  await client.close();
});
