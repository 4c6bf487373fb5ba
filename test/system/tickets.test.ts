// The leave to follow runs out: who may still follow gets another by itself, who may not is told.

import test from 'ava';
import { realClock } from '#shared/clock.ts';
import { caughtUp, sameRows, replicate } from '#test/support/follow.ts';
import { SiteProxy } from '#test/support/site-proxy.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const sixHoursMs = 6 * 60 * 60 * 1000;

test('tickets: one that has run out opens nothing, and another is asked for', async (t) => {
  let aheadMs = 0;
  const clock = { ...realClock, now: () => realClock.now() + aheadMs };
  const host = '127.0.0.56';
  const primary = await TestClusterProcess.start(t, { leaves: 1, advertiseHost: host, clock });
  const proxy = await SiteProxy.start(t, { host, ports: primary.leafPorts });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop PARTITIONS 2');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await primary.query("CREATE USER repl IDENTIFIED BY 'first'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  await replicate(secondary, `REPLICATE DATABASE shop FROM repl:'first'@127.0.0.1:${primary.port}`);
  await caughtUp(secondary, 'shop');
  const errors = async () => {
    const rows = await secondary.list(
      'SELECT LAST_ERROR FROM information_schema.MV_REPLICATION_STATUS WHERE IS_DR = 1',
    );
    return rows.map(String);
  };
  // A link that runs is not cut when its ticket runs out.
  aheadMs = sixHoursMs + 1;
  await primary.query('INSERT INTO shop.item VALUES (1), (2), (3), (4)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item ORDER BY id');
  // One that was cut begins again, with a ticket that its master aggregator has got by its login.
  proxy.breakAll();
  await primary.query('INSERT INTO shop.item VALUES (5), (6), (7), (8)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item ORDER BY id');
  // Without a login there is no ticket, and the link says what it lacks.
  await primary.query("ALTER USER repl IDENTIFIED BY 'second'");
  aheadMs += sixHoursMs + 1;
  proxy.breakAll();
  await until('every link to say so', async () => {
    const told = await errors();
    if (told.every((error) => /refuses the ticket of this link.*expired/.test(error))) return true;
    throw new Error(told.join('\n'));
  });
  await primary.query('INSERT INTO shop.item VALUES (9), (10), (11), (12)');
  t.is((await secondary.query('SELECT * FROM shop.item')).length, 8);
  await primary.query("ALTER USER repl IDENTIFIED BY 'first'");
  await secondary.query('CONTINUE REPLICATING shop');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item ORDER BY id');
});
