// A secondary logs in at its primary over TLS where that offers it: an account may require it.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { caughtUp, refusalOf, sameRows } from '#test/support/follow.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

const run = promisify(execFile);

async function makeCertificate(directory: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(directory, 'server.pem'), join(directory, 'server.key')];
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key];
  await run('openssl', ['req', '-x509', ...newKey, '-out', cert, '-subj', '/CN=primary']);
  return { cert, key };
}

async function makeShop(primary: TestClusterProcess): Promise<string> {
  await primary.query('CREATE DATABASE shop PARTITIONS 1');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await primary.query("CREATE USER repl IDENTIFIED BY 'word' REQUIRE SSL");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  return `REPLICATE DATABASE shop FROM repl:'word'@127.0.0.1:${primary.port}`;
}

test('replicate: an account that requires TLS, at a primary that offers it', async (t) => {
  const tls = await makeCertificate(temporaryDirectory(t));
  const primary = await TestClusterProcess.start(t, { leaves: 1, tls });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  const replicate = await makeShop(primary);
  await secondary.query(replicate);
  await caughtUp(secondary, 'shop');
  await primary.query('INSERT INTO shop.item VALUES (1)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item');
  t.deepEqual(await secondary.list('SELECT id FROM shop.item'), [1]);
});

test('replicate: an account that requires TLS is refused where there is none', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  t.is(await refusalOf(secondary, await makeShop(primary)), 1045);
});
