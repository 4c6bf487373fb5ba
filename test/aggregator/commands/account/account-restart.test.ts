// Accounts outlive the server; root's password is what the last start said.

import test from 'ava';
import { openClientCluster } from '#test/aggregator/commands/client-cluster.ts';

test('accounts and grants outlive the server', async (t) => {
  const cluster = await openClientCluster();
  t.teardown(async () => await cluster.stop());
  const root = await cluster.connect();
  await root.rows('CREATE DATABASE shop');
  await root.rows("CREATE USER lasting IDENTIFIED BY 'pw'");
  await root.rows('GRANT SELECT ON shop.* TO lasting');
  t.notRegex((await root.column('SHOW CREATE USER lasting')).join(), /pw|[0-9a-f]{40}/i);
  await root.rows("ALTER USER root IDENTIFIED BY 'changed'");
  await root.close();
  await cluster.restart();
  const lasting = await cluster.connect('lasting', 'pw');
  t.deepEqual(await lasting.column('SHOW GRANTS'), [
    'GRANT USAGE ON *.* TO `lasting`@`%`',
    'GRANT SELECT ON `shop`.* TO `lasting`@`%`',
  ]);
  await lasting.close();
  // The start gave the password again.
  await (await cluster.connect()).close();
  await t.throwsAsync(cluster.connect('root', 'changed'));
});
