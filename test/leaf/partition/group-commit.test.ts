// Who waits together is written and synced together, and what fails among them harms nobody.

import test from 'ava';
import { dirname, join } from 'node:path';
import { SyncJournal } from '#leaf/log/sync-journal.ts';
import { DatabaseError } from '#shared/error.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import type { WriteStep } from '#shared/wire/message.ts';
import type { WriteRequest } from '#leaf/partition/partition.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
} from '#test/support/test-partition.ts';

/** A group is cut after so many milliseconds; on a busy machine they may pass at any line. */
const stillClock: Clock = { ...realClock, monotonicMs: () => 0 };
const LOG_BYTES_MAX = 2 ** 26;

test('group commit: many writes at once are few records and as few syncs', async (t) => {
  const directory = testDirectory();
  const root = dirname(directory);
  const journal = SyncJournal.open({ directory: join(root, 'journal'), root });
  t.teardown(() => journal.close());
  let syncs = 0;
  const sync = journal.sync.bind(journal);
  journal.sync = async () => {
    syncs += 1;
    await sync();
  };
  const environment = testEnvironment({ clock: stillClock, journal });
  const partition = await createTestPartition({ directory, environment });
  t.teardown(() => partition.close());
  const { lsn } = partition.log.tail;
  syncs = 0;
  const ids = Array.from({ length: 200 }, (_, id) => id);
  await Promise.all(ids.map((id) => partition.write(insertOf(id, id))));
  // The first goes by itself; who comes while it is synced goes together.
  t.is(partition.log.tail.lsn, lsn + 2n);
  t.is(syncs, 2);
  t.deepEqual(partition.log.hardened, partition.log.tail);
  t.is((await rowsOf(partition)).length, 200);
});

type Rows = Map<number, number>;

/** A task of one to three steps, and what it makes of the rows; null: it is refused. */
function randomTask(random: RandomInteger): {
  readonly request: WriteRequest;
  readonly run: (rows: Rows) => Rows | null;
} {
  const inserts = Array.from({ length: 1 + random(3) }, () => [random(60), random(8) - 1] as const);
  const byRows = random(2) === 0;
  const sql = 'INSERT INTO "account" ("id", "balance") VALUES (?, ?)';
  const steps = inserts.map(([id, balance]): WriteStep => {
    const row = [BigInt(id), BigInt(balance)];
    if (byRows) return { kind: 'rows', sql, rows: [row] };
    return { kind: 'statement', sql, parameters: row, returning: false };
  });
  const run = (rows: Rows): Rows | null => {
    const next = new Map(rows);
    for (const [id, balance] of inserts) {
      if (next.has(id) || balance < 0) return null;
      next.set(id, balance);
    }
    return next;
  };
  return { request: { ...insertOf(0, 0), steps }, run };
}

test('group commit: whatever fails leaves nothing, and its neighbours are whole', async (t) => {
  const environment = testEnvironment({ clock: stillClock });
  const below = seededRandom(1);
  const counts = { done: 0, refused: 0 };
  for (let round = 0; round < 40; round += 1) {
    const primary = await createTestPartition({ durability: 'async', environment });
    let rows: Rows = new Map();
    for (let group = 0; group < 3; group += 1) {
      const tasks = Array.from({ length: 1 + below(12) }, () => randomTask(below));
      const answers = await Promise.allSettled(tasks.map((task) => primary.write(task.request)));
      for (const [index, task] of tasks.entries()) {
        const next = task.run(rows);
        const answer = answers[index];
        t.is(answer?.status, next === null ? 'rejected' : 'fulfilled');
        if (answer?.status === 'rejected') t.true(answer.reason instanceof DatabaseError);
        counts[next === null ? 'refused' : 'done'] += 1;
        rows = next ?? rows;
      }
    }
    const expected = [...rows].toSorted(([a], [b]) => a - b);
    t.deepEqual(await rowsOf(primary), expected);
    // The log says the same as the file.
    const secondary = await createTestPartition({ role: 'secondary', environment });
    await primary.log.harden();
    await secondary.applyFrames(primary.log.read(0n, LOG_BYTES_MAX));
    await secondary.markProvisioned();
    t.deepEqual(await rowsOf(secondary), expected);
    await primary.close();
    await secondary.close();
  }
  t.true(counts.done > 100 && counts.refused > 100, JSON.stringify(counts));
});
