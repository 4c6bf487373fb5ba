// REPLICATE DATABASE that is refused: with a reason, at once, and nothing is left behind.

import test from 'ava';
import { createServer } from 'node:net';
import {
  caughtUp,
  refusalOf,
  replicate,
  sameRows,
  stateOf,
  type Asked,
} from '#test/support/follow.ts';
import { startMariadb } from '#test/support/mariadb.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

interface Refusal {
  readonly errno: number;
  readonly message: string;
}

/** What the statement is refused with; told again while a busy machine alone is in its way. */
async function refusal(secondary: Asked, sql: string, wanted: number): Promise<Refusal> {
  const ask = async (): Promise<Refusal> => {
    try {
      await secondary.query(sql);
      return { errno: 0, message: '' };
    } catch (error) {
      return error as Refusal & Error;
    }
  };
  let told = await ask();
  const deadline = performance.now() + 120_000;
  while (told.errno === 1218 && wanted !== 1218 && performance.now() < deadline) told = await ask();
  return told;
}

test('replicate: every refusal names its cause, and leaves nothing behind', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 2 });
  const secondary = await TestClusterProcess.start(t, { leaves: 3 });
  await primary.query('CREATE DATABASE shop');
  const from = `FROM root:'secret'@127.0.0.1:${primary.port}`;
  const { port } = primary;
  await primary.query("CREATE USER reader IDENTIFIED BY 'pw'");
  await primary.query('GRANT SELECT ON shop.* TO reader');
  await primary.query("CREATE USER repl IDENTIFIED BY 'pw'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  await secondary.query('CREATE DATABASE taken');
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const silentPort = (silent.address() as { port: number }).port;
  const mariadb = await startMariadb();
  t.teardown(() => mariadb?.stop());
  const at = (login: string, p = port) => `FROM ${login}@127.0.0.1:${p}`;
  const refusals: readonly (readonly [string, number, RegExp])[] = [
    [`shop ${at("root:'wrong'")}`, 1045, /refused the login/],
    [`shop ${at("nobody:'pw'")}`, 1045, /refused the login/],
    [`nothing ${from}`, 1049, /no database 'nothing'/],
    [`shop ${at("reader:'pw'")}`, 1227, /needs ALL PRIVILEGES/],
    [`shop ${at("repl:'pw'", 1)}`, 1218, /connection refused/],
    [`shop ${at("repl:'pw'", silentPort)}`, 1218, /no answer/],
    [`shop FROM repl:'pw'@no.such.host.invalid:3306`, 1218, /host name/],
    [`taken ${from}/shop`, 1007, /database exists. WITH FORCE DIFFERENTIAL has it follow/],
    [`taken ${at("root:'wrong'")}/shop`, 1007, /database exists/],
    [`information_schema ${from}/shop`, 1007, /database exists/],
    [`shop WITH PARTITIONS 16 ${from}`, 1235, /WITH PARTITIONS/],
  ];
  if (mariadb !== null) {
    const another = `shop ${at('root', mariadb.port)}`;
    const error = await t.throwsAsync(secondary.query(`REPLICATE DATABASE ${another}`));
    t.regex(error?.message ?? '', /is not a Twinleaf master aggregator/);
  }
  for (const [rest, errno, message] of refusals) {
    const told = await refusal(secondary, `REPLICATE DATABASE ${rest}`, errno);
    t.is(told.errno, errno, `${rest}: ${told.message}`);
    t.regex(told.message, message);
  }
  const itself = await t.throwsAsync(primary.query(`REPLICATE DATABASE shop ${from}`));
  t.is((itself as { errno?: number }).errno, 1763);
  t.deepEqual(await secondary.list('SHOW DATABASES'), [
    'information_schema',
    'performance_schema',
    'taken',
  ]);
  t.deepEqual(
    (await secondary.query('SHOW REPLICATION STATUS')).filter((row) =>
      String(row['Database']).startsWith('shop'),
    ),
    [],
  );
  await secondary.query("CREATE USER guest IDENTIFIED BY 'pw'");
  const guest = await secondary.connect('guest', 'pw');
  t.teardown(() => guest.destroy());
  const denied = await t.throwsAsync(guest.query(`REPLICATE DATABASE shop ${from}`));
  t.true([1044, 1142, 1227].includes((denied as { errno?: number }).errno ?? 0));
  await replicate(secondary, `REPLICATE DATABASE shop ${at("repl:'pw'")}`);
  const again = await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from}`));
  t.is((again as { errno?: number }).errno, 1769);
  for (const verb of ['PAUSE', 'CONTINUE', 'STOP']) {
    const error = await t.throwsAsync(secondary.query(`${verb} REPLICATING taken`));
    t.is((error as { errno?: number }).errno, 1793, verb);
  }
});

test('replicate: a login that does not hold any more is told before it is needed', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop PARTITIONS 1');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await primary.query("CREATE USER repl IDENTIFIED BY 'first'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  const from = `FROM repl:'first'@127.0.0.1:${primary.port}`;
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  const details = async () => {
    const rows = await secondary.query('SHOW DATABASES EXTENDED');
    return String(rows.find((row) => row['Database'] === 'shop')?.['Details']);
  };
  await until('nothing to be wrong', async () => (await details()) === '');
  await primary.query("ALTER USER repl IDENTIFIED BY 'second'");
  await secondary.query('CONTINUE REPLICATING shop');
  await until('it to be told', async () => /refused the login/.test(await details()));
  // The links have their tickets, and go on.
  await primary.query('INSERT INTO shop.item VALUES (1)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item');
  t.is(await stateOf(secondary, 'shop'), 'replicating');
  const again = (word: string) =>
    `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL FROM repl:'${word}'@127.0.0.1:${primary.port}`;
  t.is(await refusalOf(secondary, again('first')), 1045);
  await secondary.query(again('second'));
  await until('it to be told no more', async () => (await details()) === '');
  t.is(await refusalOf(secondary, again('second')), 1769);
  await primary.query('INSERT INTO shop.item VALUES (2)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item');
});

test('replicate: a newer primary is refused, an unreachable leaf is named', async (t) => {
  const newer = await TestClusterProcess.start(t, { leaves: 1, version: '99.0.0' });
  const hidden = await TestClusterProcess.start(t, { leaves: 1, advertiseHost: 'leaf.invalid' });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  for (const primary of [newer, hidden]) await primary.query('CREATE DATABASE shop');
  const from = (primary: TestClusterProcess) => `FROM root:'secret'@127.0.0.1:${primary.port}`;
  await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from(newer)}`), {
    message: /runs version 99\.0\.0, newer than/,
  });
  const error = await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from(hidden)}`));
  t.is((error as { errno?: number }).errno, 1735);
  t.regex(
    error?.message ?? '',
    /127\.0\.0\.1:\d+ of this cluster cannot reach leaf leaf\.invalid:/,
  );
  t.deepEqual((await secondary.list('SHOW DATABASES')).includes('shop'), false);
});
