// A partition's files are looked after: not too late, and not again and again.

import { statSync } from 'node:fs';
import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { realClock, type Clock } from '#shared/clock.ts';
import {
  addNote,
  createTestPartition,
  testEnvironment,
  writeOf,
} from '#test/support/test-partition.ts';

const MIB = 1024 * 1024;

/** Timers that fire when the test says so, all at once. */
class HandClock {
  #waiting: (() => void)[] = [];
  readonly clock: Clock = {
    ...realClock,
    after: (_, action) => {
      this.#waiting.push(action);
      return { cancel: () => void (this.#waiting = this.#waiting.filter((it) => it !== action)) };
    },
  };

  async fire(): Promise<void> {
    for (const action of this.#waiting.splice(0)) action();
    while (this.#waiting.length === 0) await nextTurn();
  }
}

test('a WAL that was long once is not moved again for every write', async (t) => {
  const hand = new HandClock();
  let checkpoints = 0;
  const plain = testEnvironment();
  const checkpoint = async (path: string): Promise<number> => {
    checkpoints += 1;
    return plain.checkpoint(path);
  };
  const environment = testEnvironment({ clock: hand.clock, checkpoint });
  const partition = await createTestPartition(t, { durability: 'async', environment });
  t.teardown(() => partition.close());
  await partition.define(addNote);
  const version = { catalogVersion: addNote.version };
  const write = (id: number, bytes: number) => {
    const sql = `INSERT INTO account VALUES (?, 1, hex(zeroblob(${bytes / 2})))`;
    return partition.write({ ...writeOf(sql, [BigInt(id)]), ...version });
  };
  await write(0, 2);
  await hand.fire();
  t.is(checkpoints, 0);
  for (let id = 1; id <= 40; id += 1) await write(id, MIB);
  await hand.fire();
  t.is(checkpoints, 1);
  for (let id = 41; id <= 45; id += 1) {
    await write(id, 2);
    await hand.fire();
  }
  t.is(checkpoints, 1);
  // It is long again.
  for (let id = 46; id <= 85; id += 1) await write(id, MIB);
  await hand.fire();
  t.is(checkpoints, 2);
});

test('a long WAL is in the file before that is closed', async (t) => {
  const plain = testEnvironment();
  const left: number[] = [];
  const checkpoint = async (path: string): Promise<number> => {
    left.push(statSync(`${path}-wal`).size);
    return plain.checkpoint(path);
  };
  const environment = testEnvironment({ clock: new HandClock().clock, checkpoint });
  const partition = await createTestPartition(t, { environment });
  await partition.define(addNote);
  const sql = `INSERT INTO account VALUES (?, 1, hex(zeroblob(${MIB})))`;
  const write = { ...writeOf(sql, [1n]), catalogVersion: addNote.version };
  await partition.write(write);
  await partition.close();
  t.is(left.length, 1);
  t.true((left[0] ?? 0) > MIB);
});
