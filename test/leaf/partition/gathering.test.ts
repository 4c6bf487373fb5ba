// Writes of one leaf begin together where that saves a sync, and at once where it does not.

import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { Gathering, type GatheringJournal } from '#leaf/partition/gathering.ts';
import { SyncJournal } from '#leaf/log/sync-journal.ts';
import {
  createTestPartition,
  insertOf,
  rowsOf,
  testDirectory,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { dirname, join } from 'node:path';

/** A journal whose batches are begun and ended by hand. */
class HandJournal implements GatheringJournal {
  failed = false;
  syncing: Promise<void> | null = null;
  isNoting = false;
  #end: (() => void) | null = null;

  get phase(): 'idle' | 'noting' | 'syncing' {
    if (this.syncing !== null) return 'syncing';
    return this.isNoting ? 'noting' : 'idle';
  }

  begin(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.syncing = promise;
    this.#end = resolve;
  }

  end(): void {
    this.syncing = null;
    must(this.#end)();
  }
}

/** Timers that fire when the test says so. */
function handClock(): { readonly clock: Clock; readonly waits: (() => void)[] } {
  const waits: (() => void)[] = [];
  const after = (_: number, action: () => void) => {
    waits.push(action);
    return { cancel: () => void waits.splice(waits.indexOf(action), 1) };
  };
  return { clock: { ...realClock, after }, waits };
}

function comeTogether(gathering: Gathering, tasks: number): void {
  for (let task = 0; task < tasks; task += 1) gathering.come();
}

function begin(gathering: Gathering, tasks: number): void {
  for (let task = 0; task < tasks; task += 1) gathering.go(true);
}

/** Four batches of so many tasks, each of which comes while the one before is synced. */
async function seeTogether(gathering: Gathering, journal: HandJournal, tasks: number) {
  for (let batch = 0; batch < 4; batch += 1) {
    journal.begin();
    comeTogether(gathering, tasks);
    const { turn } = gathering;
    journal.end();
    await turn;
    begin(gathering, tasks);
  }
}

test('who comes alone begins at once, again and again', (t) => {
  const { clock, waits } = handClock();
  const journal = new HandJournal();
  const gathering = new Gathering(clock, journal);
  for (let task = 0; task < 10; task += 1) {
    gathering.come();
    t.is(gathering.turn, null);
    gathering.go(true);
  }
  t.is(waits.length, 0);
});

test('who comes while a batch takes notes joins it, and waits while one is synced', async (t) => {
  const journal = new HandJournal();
  const gathering = new Gathering(handClock().clock, journal);
  journal.isNoting = true;
  gathering.come();
  t.is(gathering.turn, null);
  gathering.go(true);
  journal.begin();
  comeTogether(gathering, 2);
  const { turn } = gathering;
  t.not(turn, null);
  t.is(gathering.turn, turn);
  let isOpen = false;
  const opened = turn?.then(() => {
    isOpen = true;
  });
  await nextTurn();
  t.false(isOpen);
  journal.isNoting = false;
  journal.end();
  await opened;
  t.true(isOpen);
});

test('as many as were there four times are waited for', async (t) => {
  const { clock, waits } = handClock();
  const journal = new HandJournal();
  const gathering = new Gathering(clock, journal);
  await seeTogether(gathering, journal, 3);
  gathering.come();
  const { turn } = gathering;
  t.not(turn, null);
  await nextTurn();
  t.is(waits.length, 1);
  comeTogether(gathering, 2);
  await turn;
  t.is(waits.length, 0);
});

test('who is expected and stays away is waited for once, and no more', async (t) => {
  const { clock, waits } = handClock();
  const journal = new HandJournal();
  const gathering = new Gathering(clock, journal);
  await seeTogether(gathering, journal, 3);
  gathering.come();
  const { turn } = gathering;
  await nextTurn();
  must(waits[0])();
  await turn;
  gathering.go(true);
  gathering.come();
  t.is(gathering.turn, null);
});

test('one that has given up is not counted, and a failed journal gathers nobody', async (t) => {
  const journal = new HandJournal();
  const gathering = new Gathering(handClock().clock, journal);
  await seeTogether(gathering, journal, 2);
  comeTogether(gathering, 2);
  gathering.go(false);
  t.not(gathering.turn, null);
  const other = new Gathering(handClock().clock, journal);
  journal.begin();
  journal.failed = true;
  other.come();
  t.is(other.turn, null);
});

test('partitions of one leaf write together, and each of them whole', async (t) => {
  const directory = testDirectory(t);
  const root = dirname(directory);
  const journal = SyncJournal.open({ directory: join(root, 'journal'), root });
  t.teardown(() => journal.close());
  const gathering = new Gathering(realClock, journal);
  const environment = testEnvironment({ journal, gathering });
  const directories = [directory, join(root, 'shop_1'), join(root, 'shop_2')];
  const partitions = await Promise.all(
    directories.map((place) => createTestPartition(place, { environment })),
  );
  for (const partition of partitions) t.teardown(() => partition.close());
  const ids = Array.from({ length: 40 }, (_, id) => id);
  // Clients that come again as soon as they are answered.
  await Promise.all(
    partitions.flatMap((partition) =>
      [0, 1].map(async (half) => {
        for (const id of ids) if (id % 2 === half) await partition.write(insertOf(id, id));
      }),
    ),
  );
  for (const partition of partitions) {
    t.deepEqual(partition.log.hardened, partition.log.tail);
    t.is((await rowsOf(partition)).length, ids.length);
  }
});
