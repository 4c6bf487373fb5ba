// A long record that comes while a backup is made: it goes into its files and back in parts.

import { join } from 'node:path';
import test from 'ava';
import { copyRecords, copySnapshot } from '#aggregator/commands/backup/copy-partition.ts';
import { readChunks } from '#aggregator/commands/backup/chunk-file.ts';
import { sendRecords } from '#aggregator/commands/backup/restore-database.ts';
import { checkCall } from '#leaf/request-check.ts';
import { PIECE_BYTES } from '#shared/log/long-frame.ts';
import type { RestoreStep } from '#shared/wire/backup-message.ts';
import { key, leafPair } from '#test/support/leaf-world.ts';
import { writeOf } from '#test/support/test-partition.ts';

const ROWS = 150_000;
const long = `
  INSERT INTO account (id, balance)
  WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + ${ROWS})
  SELECT i, i FROM n`;

test('backup: a long record is kept and given back in parts', async (t) => {
  const { directory, primary: old, secondary: fresh } = await leafPair(t);
  await old.insert(1, 2);
  const { signal } = new AbortController();
  const source = { leaf: old.handler, key, followerId: 'backup/1', directory, signal };
  const copied = await copySnapshot(source);
  await old.insert(3);
  await old.handler.call('write', { key, ...writeOf(long) });
  await old.insert(4);
  const last = (await old.status()).tail.lsn;
  await old.insert(5);
  const records = await copyRecords(source, copied.position, last);

  const kinds: string[] = [];
  const send = async (step: RestoreStep): Promise<void> => {
    const request = { key, step };
    checkCall('restore', request);
    kinds.push(step.kind);
    if (step.kind === 'record part') t.true(step.bytes.length <= PIECE_BYTES);
    await fresh.handler.call('restore', request);
  };
  const { bytesTotal, seal } = copied.snapshot;
  await send({ kind: 'begin', position: copied.position, bytesTotal });
  const snapshot = join(directory, '0.sqlite.zst');
  for await (const chunk of readChunks(snapshot, seal)) await send({ kind: 'chunk', ...chunk });
  await send({ kind: 'install' });
  const file = { path: join(directory, '0.log.zst'), seal: records.seal };
  await sendRecords(send, { position: copied.position, lastLsn: last }, file);
  t.true(kinds.filter((kind) => kind === 'record part').length > 3);
  const { tail } = await fresh.status();
  t.is(tail.lsn, last);
  await fresh.handler.call('promote', { key, anyway: false });
  const rows = await fresh.rows();
  t.is(rows.length, ROWS + 4);
  t.false(rows.includes(5), 'what came after the cut is left out');
});
