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
  addNote,
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
  writeOf,
} from '#test/support/test-partition.ts';

/** A group is cut after so many milliseconds; on a busy machine they may pass at any line. */
const stillClock: Clock = { ...realClock, monotonicMs: () => 0 };
const LOG_BYTES_MAX = 2 ** 26;

test('group commit: many writes at once are few records and as few syncs', async (t) => {
  const directory = testDirectory(t);
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
  const partition = await createTestPartition(directory, { environment });
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

test('group commit: a row that is not told by hand brings a session for its group', async (t) => {
  const environment = testEnvironment({ clock: stillClock });
  const primary = await createTestPartition(t, { durability: 'async', environment });
  t.teardown(() => primary.close());
  await primary.define(addNote);
  const version = { catalogVersion: addNote.version };
  const write = (request: WriteRequest) => primary.write({ ...request, ...version });
  // No text: its bytes are no UTF-8.
  await write(writeOf(`INSERT INTO account VALUES (1, 1, CAST(x'ff41' AS TEXT)), (2, 2, 'two')`));
  const { lsn } = primary.log.tail;
  const first = write({ ...insertOf(0, 0), steps: update(2, 20).steps });
  const sqlOfAll = 'INSERT INTO "account" ("id", "balance", "note") VALUES (?, ?, ?)';
  const third = { kind: 'rows', sql: sqlOfAll, rows: [[3n, 30n, '']] } as const;
  const together = [remove(2).steps, [third], update(1, 10).steps, update(3, 31).steps];
  await Promise.all([first, ...together.map((steps) => write({ ...insertOf(0, 0), steps }))]);
  t.is(primary.log.tail.lsn, lsn + 2n);
  const sql = 'SELECT id, balance, hex(note) FROM account ORDER BY id';
  const expected = [
    [1, 10, 'FF41'],
    [3, 31, ''],
  ];
  t.deepEqual(await rowsOf(primary, sql, version), expected);
  const secondary = await createTestPartition(t, { role: 'secondary' });
  t.teardown(() => secondary.close());
  await primary.log.harden();
  await secondary.applyFrames(primary.log.read(0n, LOG_BYTES_MAX));
  await secondary.markProvisioned();
  t.deepEqual(await rowsOf(secondary, sql, version), expected);
});

type Rows = Map<number, number>;

/** A change of one row, its steps, and what it makes of the rows; false: it is refused. */
interface Change {
  readonly steps: readonly WriteStep[];
  readonly run: (rows: Rows) => boolean;
}

function insert(id: number, balance: number, byRows: boolean): Change {
  const sql = 'INSERT INTO "account" ("id", "balance") VALUES (?, ?)';
  const row = [BigInt(id), BigInt(balance)];
  const step: WriteStep = byRows
    ? { kind: 'rows', sql, rows: [row] }
    : { kind: 'statement', sql, parameters: row, returning: false };
  const run = (rows: Rows): boolean => {
    if (rows.has(id) || balance < 0) return false;
    rows.set(id, balance);
    return true;
  };
  return { steps: [step], run };
}

const byKey = 'WHERE (("r1"."id" = ?))';

function update(id: number, balance: number): Change {
  const count = `SELECT count(*) FROM "account" AS "r1" ${byKey}`;
  const set = 'SET "balance" = ?';
  const sql = `UPDATE "account" AS "r1" ${set} ${byKey} AND ("r1"."balance" IS NOT ?)`;
  const value = BigInt(balance);
  const parameters = [value, BigInt(id), value];
  const run = (rows: Rows): boolean => {
    if (rows.has(id) && balance < 0) return false;
    if (rows.has(id)) rows.set(id, balance);
    return true;
  };
  const steps: WriteStep[] = [
    { kind: 'statement', sql: count, parameters: [BigInt(id)], returning: true },
    { kind: 'statement', sql, parameters, returning: false },
  ];
  return { steps, run };
}

function remove(id: number): Change {
  const sql = `DELETE FROM "account" AS "r1" ${byKey}`;
  const run = (rows: Rows): boolean => rows.delete(id) || true;
  return {
    steps: [{ kind: 'statement', sql, parameters: [BigInt(id)], returning: false }],
    run,
  };
}

/** A task of one to three changes, and what it makes of the rows; null: it is refused. */
function randomTask(random: RandomInteger): {
  readonly request: WriteRequest;
  readonly run: (rows: Rows) => Rows | null;
} {
  const byRows = random(4) > 0;
  const changes = Array.from({ length: 1 + random(3) }, () => {
    const [kind, id, balance] = [random(4), random(40), random(8) - 1];
    if (kind === 0) return update(id, balance);
    return kind === 1 ? remove(id) : insert(id, balance, byRows);
  });
  const run = (rows: Rows): Rows | null => {
    const next = new Map(rows);
    return changes.every((change) => change.run(next)) ? next : null;
  };
  const steps = changes.flatMap((change) => change.steps);
  return { request: { ...insertOf(0, 0), steps }, run };
}

test('group commit: whatever fails leaves nothing, and its neighbours are whole', async (t) => {
  const environment = testEnvironment({ clock: stillClock });
  const below = seededRandom(1);
  const counts = { done: 0, refused: 0 };
  for (let round = 0; round < 40; round += 1) {
    const primary = await createTestPartition(t, { durability: 'async', environment });
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
    const secondary = await createTestPartition(t, { role: 'secondary', environment });
    await primary.log.harden();
    await secondary.applyFrames(primary.log.read(0n, LOG_BYTES_MAX));
    await secondary.markProvisioned();
    t.deepEqual(await rowsOf(secondary), expected);
    await primary.close();
    await secondary.close();
  }
  t.true(counts.done > 100 && counts.refused > 100, JSON.stringify(counts));
});
