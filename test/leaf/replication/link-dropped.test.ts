// A link leaves nothing open: no file of a dropped copy, which the process would die of later, and
// no connection of an attempt that came to nothing.

import test from 'ava';
import { readdirSync, readlinkSync } from 'node:fs';
import { key, leafPair } from '#test/support/leaf-world.ts';
import { writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

/** Files that this process has open under the directory. */
function openUnder(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

for (const how of ['dropped', 'promoted'] as const) {
  test(`link: ${how} amid a snapshot it closes what it was downloading`, async (t) => {
    const retention = { keptBytesMin: 0, logSizeBytesMax: 0, ageMsMax: 1000 };
    const tight = { segmentBytesMax: 4096, retention };
    const { directory, network, primary, secondary } = await leafPair(t, { primary: tight });
    // More than one chunk, and more log than who has nothing is sent.
    for (let batch = 1; batch <= 8; batch++) {
      const rows = writeOf(`INSERT INTO account (id, balance) WITH RECURSIVE n(i) AS
        (SELECT ${batch * 1_000_000} UNION ALL SELECT i + 1 FROM n LIMIT 20000)
        SELECT i, abs(random() % 1000000) FROM n`);
      await primary.handler.call('write', { key, ...rows });
    }
    let chunks = 0;
    network.wire = (item) => {
      if (item.kind !== 'snapshot chunk' || item.offset === 0) return item;
      chunks += 1;
      return 'cut';
    };
    const isOpen = () =>
      openUnder(directory).some((path) => path.includes('link-snapshot.download'));
    await secondary.follow(primary);
    await until('the snapshot to be cut', () => chunks >= 2);
    t.true(isOpen(), 'it would go on where it was');
    if (how === 'dropped') await secondary.handler.call('dropPartition', { key });
    else await secondary.handler.call('promote', { key, anyway: true });
    t.false(isOpen());
  });
}

test('link: an attempt whose partition cannot be asked closes its connection', async (t) => {
  const { network, primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await until('the link to stream', async () => (await secondary.link()).state === 'streaming');
  await secondary.partition.close();
  network.cut();
  const before = network.dials;
  await until('it to have tried again', () => network.dials >= before + 3);
  t.true(network.open <= 1, `${network.open} connections are open`);
});
