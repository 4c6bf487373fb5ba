// What a transaction over several statements has changed is what its record says, whichever of its
// statements a session had to capture, and whatever of them was taken back.

import test from 'ava';
import { readChangeset } from '#shared/log/changeset.ts';
import type { WriteStep } from '#shared/wire/message.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import {
  addNote,
  createTestPartition,
  insertOf,
  rowsOf,
  writeOf,
} from '#test/support/test-partition.ts';

const LOG_BYTES_MAX = 2 ** 26;
const IDS = 12;
const allRows = 'SELECT id, balance, hex(note) FROM account ORDER BY id';
const byKey = 'WHERE (("r1"."id" = ?))';

function statement(sql: string, parameters: readonly bigint[], returning = false): WriteStep {
  return { kind: 'statement', sql, parameters, returning };
}

/** By hand where the row's note is a text; of others in any case by a session. */
function randomSteps(random: RandomInteger): readonly WriteStep[] {
  const [kind, id, balance] = [random(5), BigInt(random(IDS)), BigInt(random(9))];
  if (kind === 0) {
    const sql = 'INSERT INTO "account" ("id", "balance", "note") VALUES (?, ?, ?)';
    return [{ kind: 'rows', sql, rows: [[id, balance, 'new']] }];
  }
  if (kind === 1) return [statement(`DELETE FROM "account" AS "r1" ${byKey}`, [id])];
  if (kind === 2)
    return [statement('UPDATE account SET balance = balance + ? WHERE id < ?', [1n, id])];
  const set = 'UPDATE "account" AS "r1" SET "balance" = ?';
  return [
    statement(`SELECT count(*) FROM "account" AS "r1" ${byKey}`, [id], true),
    statement(`${set} ${byKey} AND ("r1"."balance" IS NOT ?)`, [balance, id, balance]),
  ];
}

class Life {
  readonly #partition: Partition;
  readonly #random: RandomInteger;
  readonly #id: string;
  #isJoined = false;

  constructor(partition: Partition, random: RandomInteger, id: string) {
    this.#partition = partition;
    this.#random = random;
    this.#id = id;
  }

  /** Some writes, some of them taken back; then its end. */
  async live(): Promise<void> {
    const savepoints: string[] = [];
    for (let step = 1 + this.#random(8); step > 0; step -= 1) {
      const chance = this.#random(10);
      if (chance === 0 && this.#isJoined) await this.#partition.undoLastWrite(this.#id);
      else if (chance === 1 && this.#isJoined) {
        savepoints.push(`s${step}`);
        await this.#savepoint('set', `s${step}`);
      } else if (chance === 2 && savepoints.length > 0) {
        const back = this.#random(savepoints.length);
        savepoints.length = back + 1;
        await this.#savepoint('rollback to', savepoints[back] ?? '');
      } else await this.#write();
    }
    if (!this.#isJoined) return;
    if (this.#random(5) === 0) await this.#partition.rollback(this.#id);
    else if (this.#random(2) === 0) await this.#partition.commit(this.#id);
    else {
      await this.#partition.prepare(this.#id, [0, 1]);
      await this.#partition.decide(this.#id, this.#random(4) === 0 ? 'abort' : 'commit');
    }
  }

  async #savepoint(action: 'set' | 'rollback to', name: string): Promise<void> {
    await this.#partition.savepoint({ transactionId: this.#id, action, name });
  }

  async #write(): Promise<void> {
    const transaction = { id: this.#id, startedAt: 1n, joined: this.#isJoined };
    const steps = randomSteps(this.#random);
    const { version: catalogVersion } = addNote;
    try {
      await this.#partition.write({ ...insertOf(0, 0, transaction), steps, catalogVersion });
      this.#isJoined = true;
    } catch {
      // A row of that number is there.
    }
  }
}

test('transactions: their records lead a copy to the same rows, savepoints and all', async (t) => {
  const random = seededRandom(7);
  const primary = await createTestPartition(t, { durability: 'async' });
  t.teardown(() => primary.close());
  await primary.define(addNote);
  const version = { catalogVersion: addNote.version };
  // No text: its bytes are no UTF-8.
  const odd = `INSERT INTO account VALUES (1, 1, CAST(x'ff41' AS TEXT)), (2, 2, 'two')`;
  await primary.write({ ...writeOf(odd), ...version });
  for (let life = 0; life < 150; life += 1) await new Life(primary, random, `t${life}`).live();
  const secondary = await createTestPartition(t, { role: 'secondary' });
  t.teardown(() => secondary.close());
  await primary.log.harden();
  await secondary.applyFrames(primary.log.read(0n, LOG_BYTES_MAX));
  await secondary.markProvisioned();
  const rows = await rowsOf(primary, allRows, version);
  t.true(rows.length > 1);
  t.deepEqual(await rowsOf(secondary, allRows, version), rows);
});

test('transactions: a session that a savepoint has outlived leaves nothing behind', async (t) => {
  const primary = await createTestPartition(t, { durability: 'async' });
  t.teardown(() => primary.close());
  await primary.write(insertOf(1, 10));
  const write = async (steps: readonly WriteStep[], joined: boolean) => {
    const transaction = { id: 't', startedAt: 1n, joined };
    await primary.write({ ...insertOf(0, 0, transaction), steps });
  };
  const update = (balance: bigint) => [
    statement(`SELECT count(*) FROM "account" AS "r1" ${byKey}`, [1n], true),
    statement(`UPDATE "account" AS "r1" SET "balance" = ? ${byKey} AND ("r1"."balance" IS NOT ?)`, [
      balance,
      1n,
      balance,
    ]),
  ];
  await write(
    [
      {
        kind: 'rows',
        sql: 'INSERT INTO "account" ("id", "balance") VALUES (?, ?)',
        rows: [[2n, 2n]],
      },
    ],
    false,
  );
  await primary.savepoint({ transactionId: 't', action: 'set', name: 's' });
  await write(update(20n), true);
  // The session begins here, where the row has 20.
  await write([statement('UPDATE account SET balance = balance + 1', [])], true);
  await primary.savepoint({ transactionId: 't', action: 'rollback to', name: 's' });
  await write(update(30n), true);
  await primary.commit('t');
  const [record] = [
    ...primary.log.reader.records(primary.log.reader.positionAt(primary.log.tail.lsn - 1n)),
  ];
  t.is(record?.payload.kind, 'rows');
  const changeset = record?.payload.kind === 'rows' ? record.payload.changeset : new Uint8Array();
  const changes = [...readChangeset(changeset)].map(({ operation, before, after }) => {
    return [operation, before?.[1] ?? null, after?.[1] ?? null];
  });
  t.deepEqual(changes, [
    ['insert', null, 2n],
    ['update', 10n, 30n],
  ]);
});
