// The compose files: what docker-compose and our commands make of them, and their services at work.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Connection } from 'mysql2/promise';
import { readCompose, type ComposeService } from '#test/support/compose-file.ts';
import { ComposeRun } from '#test/support/compose-run.ts';
import { composeFileTest, composeRunTest } from '#test/support/compose-test.ts';
import { caughtUp, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

interface CommandClass {
  readonly flags: Readonly<Record<string, { readonly env?: string }>>;
}

/** The flags of `twinleaf <name>`, by the command itself. */
async function flagsOf(name: string): Promise<CommandClass['flags']> {
  const module = (await import(`#cli/commands/${name}.ts`)) as Record<string, CommandClass>;
  const [command] = Object.values(module);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command.flags;
}

/** Every `twinleaf` that the service runs, as its words. */
function invocations({ entrypoint, command, healthCheck }: ComposeService): string[][] {
  const words = [...entrypoint, ...command].join(' ').replace('"$0" "$@" ', '');
  return `${words}\n${healthCheck ?? ''}`
    .split('twinleaf.js ')
    .slice(1)
    .map((text) => text.split(/[)\n]/)[0] ?? '')
    .map((text) => text.match(/'[^']*'|\S+/g) ?? []);
}

const files = [
  { names: ['one-cluster.yaml'], services: ['twinleaf'] },
  { names: ['one-cluster.yaml', 'tls.yaml'], services: ['twinleaf'] },
  { names: ['two-clusters.yaml'], services: ['primary', 'secondary'] },
  { names: ['many-hosts.yaml'], services: ['master', 'child', 'leaf-1', 'leaf-2'] },
];

for (const { names, services } of files) {
  composeFileTest(`compose: ${names.join(' and ')} says what our commands know`, async (t) => {
    const found = readCompose(names, { TWINLEAF_TLS_DIR: '/tls' });
    t.deepEqual(found.map(({ name }) => name).sort(), [...services].sort());
    for (const service of found) {
      const known = new Set<string | undefined>();
      const runs = invocations(service);
      t.true(runs.length > 0, `${service.name} runs a command`);
      for (const [command = '', ...words] of runs) {
        const flags = await flagsOf(command);
        for (const { env } of Object.values(flags)) known.add(env);
        for (const word of words.filter((each) => each.startsWith('--'))) {
          t.true(Object.hasOwn(flags, word.slice(2)), `twinleaf ${command} has ${word}`);
        }
      }
      // The image's own settings are for any command.
      for (const { env } of Object.values(await flagsOf('start'))) known.add(env);
      for (const name of Object.keys(service.environment)) t.true(known.has(name), name);
    }
  });
}

composeRunTest('compose: one cluster serves TLS from two processes', async (t) => {
  const tls = temporaryDirectory(t);
  const place = ['-keyout', join(tls, 'key.pem'), '-out', join(tls, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const request = ['req', '-x509', ...kind, '-subj', '/CN=twinleaf', ...place];
  execFileSync('openssl', request, { stdio: 'ignore' });
  const run = await ComposeRun.up(t, ['one-cluster.yaml', 'tls.yaml'], {
    clients: ['client'],
    variables: { TWINLEAF_TLS_DIR: tls, TWINLEAF_PROCESSES: '2' },
  });
  const ssl = { rejectUnauthorized: false };
  const connection = await run.connect('client', 'twinleaf', { ssl });
  const [status] = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
  t.regex(JSON.stringify(status), /"Value":"TLS_/);
  await connection.query('CREATE DATABASE shop');
  await connection.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await connection.query('INSERT INTO shop.item VALUES (1)');
  await connection.query('BACKUP DATABASE shop TO "first"');
  await connection.query('RESTORE DATABASE shop AS again FROM "first"');
  t.deepEqual(await run.query('twinleaf', 'SELECT id FROM again.item'), [{ id: 1 }]);
});

composeRunTest('compose: two sites are cut apart, fail over and fail back', async (t) => {
  const run = await ComposeRun.up(t, ['two-clusters.yaml'], { clients: ['client'] });
  const site = (name: string) => ({ query: (sql: string) => run.query(name, sql) });
  const [primary, secondary] = [site('primary'), site('secondary')];
  const from = (name: string) => `FROM root:'twinleaf'@${name}:3306`;
  const all = 'SELECT id, v FROM shop.item ORDER BY id';
  await run.query('primary', 'CREATE DATABASE shop PARTITIONS 3', 'client');
  await primary.query('CREATE TABLE shop.item (id BIGINT PRIMARY KEY, v TEXT)');
  await primary.query("INSERT INTO shop.item VALUES (1, 'a'), (2, 'a'), (3, 'a'), (4, 'a')");
  await run.query('secondary', `REPLICATE DATABASE shop ${from('primary')}`, 'client');
  await caughtUp(secondary, 'shop');
  await sameRows(primary, secondary, all);
  // The line between them is dead. Both are written to, by clients at their own sites.
  run.network.cut('primary');
  await primary.query("INSERT INTO shop.item VALUES (11, 'alone'), (12, 'alone'), (13, 'alone')");
  await primary.query("UPDATE shop.item SET v = 'changed alone' WHERE id = 2");
  await secondary.query('STOP REPLICATING shop');
  await secondary.query("INSERT INTO shop.item VALUES (21, 'b'), (22, 'b'), (23, 'b')");
  t.is(await stateOf(secondary, 'shop'), 'online');
  run.network.heal('primary');
  await replicate(primary, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from('secondary')}`);
  await caughtUp(primary, 'shop');
  await sameRows(primary, secondary, all);
  const rows = await primary.query(all);
  t.deepEqual(rows.map(({ id, v }) => `${Number(id)} ${String(v)}`).join(', '), expectedRows);
  const rescued = await primary.query(
    "SELECT operation, new_values->>'$.id' AS id, new_values->>'$.v' AS v " +
      'FROM shop_rescued.changes ORDER BY 2',
  );
  t.deepEqual(
    rescued.map(({ operation, id, v }) => `${String(operation)} ${Number(id)} ${String(v)}`).sort(),
    ['insert 11 alone', 'insert 12 alone', 'insert 13 alone', 'update 2 changed alone'],
  );
  await followsAfterSilence(t, { run, primary: 'secondary', secondary: 'primary' });
});

/** The line is dead for longer than links wait; then what was written meanwhile arrives. */
async function followsAfterSilence(
  t: ExecutionContext,
  { run, primary, secondary }: { run: ComposeRun; primary: string; secondary: string },
): Promise<void> {
  run.network.cut(primary);
  await run.query(primary, "INSERT INTO shop.item VALUES (31, 'unseen'), (32, 'unseen')");
  const links =
    'SELECT LAST_ERROR FROM information_schema.MV_REPLICATION_STATUS ' +
    "WHERE IS_DR = 1 AND DATABASE_NAME LIKE 'shop\\_%'";
  const rows = await until('every link to notice', async () => {
    const found = await run.query(secondary, links);
    if (found.every((row) => row['LAST_ERROR'] !== null && row['LAST_ERROR'] !== '')) return found;
    throw new Error(JSON.stringify(found));
  });
  t.regex(JSON.stringify(rows), /sign of life|answer within/);
  t.is((await run.query(secondary, 'SELECT id FROM shop.item WHERE id > 30')).length, 0);
  run.network.heal(primary);
  await until('what was written meanwhile to arrive', async () => {
    return (await run.query(secondary, 'SELECT id FROM shop.item WHERE id > 30')).length === 2;
  });
}

const expectedRows = '1 a, 2 a, 3 a, 4 a, 21 b, 22 b, 23 b';

/** The id of a row at each of the leaves. */
async function rowsByLeaf(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const ask = async (sql: string) => (await connection.query(sql))[0] as Record<string, unknown>[];
  const placed = await ask('SHOW PARTITIONS ON shop');
  const rows = new Map<string, number>();
  for (let id = 1; id <= 16; id++) {
    const plan = JSON.stringify(await ask(`EXPLAIN SELECT v FROM shop.item WHERE id = ${id}`));
    const ordinal = /partition (\d+)/.exec(plan)?.[1];
    const leaf = placed.find((row) => String(row['Ordinal']) === ordinal)?.['Host'];
    rows.set(String(leaf), id);
  }
  return rows;
}

/** It is not waited for without end: error 1735, which names the leaf. */
async function failsByItself(t: ExecutionContext, running: Promise<unknown>): Promise<void> {
  const error = await t.throwsAsync(running);
  t.is((error as { errno?: number } | undefined)?.errno, 1735);
  t.regex(error?.message ?? '', /leaf-1:3306/);
}

composeRunTest(
  'compose: a leaf and a client that vanish without a word hold up nobody',
  async (t) => {
    const run = await ComposeRun.up(t, ['many-hosts.yaml'], { clients: ['client', 'gone'] });
    const client = await run.connect('client', 'master');
    await client.query('CREATE DATABASE shop PARTITIONS 2');
    await client.query('CREATE TABLE shop.item (id INT PRIMARY KEY, v INT NOT NULL)');
    const ids = Array.from({ length: 16 }, (_, index) => `(${index + 1}, 0)`);
    await client.query(`INSERT INTO shop.item VALUES ${ids.join()}`);
    const rows = await rowsByLeaf(client);
    const [first, second] = [rows.get('leaf-1'), rows.get('leaf-2')];
    const change = (id: number | undefined) => `UPDATE shop.item SET v = v + 1 WHERE id = ${id}`;
    const read = (id: number | undefined) => `SELECT v FROM shop.item WHERE id = ${id}`;
    // A transaction at each leaf; then the host of one client and one of the leaves fall silent.
    const gone = await run.connect('gone', 'master');
    await gone.query('BEGIN');
    await gone.query(change(second));
    const holder = await run.connect('client', 'master');
    await holder.query('BEGIN');
    await holder.query(change(first));
    const [byMaster, byChild] = [
      await run.connect('client', 'master'),
      await run.connect('client', 'child'),
    ];
    await until('the child to know the table', () => byChild.query(read(first)));
    await client.query('SET innodb_lock_wait_timeout = 100');
    run.network.cut('gone');
    run.network.cut('leaf-1');
    // Before it gives up: the client that is gone is found out by itself.
    const freed = client.query(change(second));
    await Promise.all([
      failsByItself(t, byMaster.query(read(first))),
      failsByItself(t, byChild.query(read(first))),
      failsByItself(t, holder.query(change(first))),
    ]);
    await byMaster.query(read(second));
    await byChild.query(read(second));
    await failsByItself(t, byMaster.query(read(first)));
    run.network.heal('leaf-1');
    await until('the leaf to be back', () => byMaster.query(read(first)));
    await until('the leaf to be back for the child', () => byChild.query(read(first)));
    await until('what the lost transaction held to be free', () => byMaster.query(change(first)));
    await freed;
    const [after] = await byMaster.query(
      `SELECT v FROM shop.item WHERE id IN (${first}, ${second}) ORDER BY v`,
    );
    t.deepEqual(after, [{ v: 1 }, { v: 1 }] as never, 'what was not committed is not there');
  },
);
