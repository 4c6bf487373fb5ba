// Statements over several partitions that come together are written together, and no one's error,
// wait or end is another's.

import anyTest, { type TestFn } from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { PartitionWrites, TaskResults } from '#aggregator/transaction/partition-writes.ts';
import { WriteGroups } from '#aggregator/transaction/write-groups.ts';
import { FaultyLeaf } from '#test/support/faulty-leaf.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { openTestCluster } from '#test/support/test-cluster.ts';

/** Groups whose writes end when the test says so. */
class HandWorld {
  /** Every attempt, `2+3 on 0,1`: its rows and its partitions. */
  readonly attempts: string[] = [];
  readonly timers: (() => void)[] = [];
  readonly groups: WriteGroups;
  nowMs = 0;
  #ends: ((isWritten: boolean) => void)[] = [];

  constructor() {
    const after = (_: number, action: () => void) => {
      this.timers.push(action);
      return { cancel: () => void this.timers.splice(this.timers.indexOf(action), 1) };
    };
    const clock: Clock = { ...realClock, after, monotonicMs: () => this.nowMs };
    this.groups = new WriteGroups(clock);
  }

  /** Inserts one row, the number `value`, on each of the partitions. */
  submit(
    value: number,
    ordinals: readonly number[],
    signal = new AbortController().signal,
  ): Promise<TaskResults> {
    const rows = [[BigInt(value)]];
    const tasks = ordinals.map((ordinal) => {
      return { ordinal, steps: [{ kind: 'rows', sql: 'i', rows }] as const };
    });
    const writes = { database: 'd', catalogVersion: 1, tasks, mayBeLong: false };
    return this.groups.submit({
      writes,
      signal,
      foreignKeyChecks: true,
      alone: async () => must(await this.#write(writes, null)),
      together: (all, end) => this.#write(all, end),
    });
  }

  /** Ends the oldest attempt. */
  async end(isWritten = true): Promise<void> {
    must(this.#ends.shift())(isWritten);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }

  async #write({ tasks }: PartitionWrites, end: AbortSignal | null): Promise<TaskResults | null> {
    const values = new Set(tasks.flatMap(({ steps }) => steps.map(valueOf)));
    const ordinals = tasks.map(({ ordinal }) => ordinal);
    this.attempts.push(`${[...values].join('+')} on ${ordinals.join()}`);
    const isWritten = await new Promise<boolean>((resolve) => {
      this.#ends.push(resolve);
      end?.addEventListener('abort', () => {
        this.#ends = this.#ends.filter((other) => other !== resolve);
        resolve(false);
      });
    });
    if (!isWritten && end === null) throw databaseError('internal', { reason: 'refused' });
    if (!isWritten) return null;
    const result = { changesPerRow: [], rows: [] };
    return tasks.map(({ steps }) => steps.map((one) => ({ ...result, changes: valueOf(one) })));
  }
}

function valueOf(step: PartitionWrites['tasks'][number]['steps'][number]): number {
  return step.kind === 'rows' ? Number(step.rows[0]?.[0]) : NaN;
}

function changesOf(results: TaskResults): number[][] {
  return results.map((steps) => steps.map(({ changes }) => changes));
}

const test = anyTest as TestFn<HandWorld>;

test.beforeEach((t) => {
  t.context = new HandWorld();
});

test('who comes while another is at its partitions goes with the others who wait', async (t) => {
  const world = t.context;
  const first = world.submit(1, [0, 1]);
  const second = world.submit(2, [0, 2]);
  const third = world.submit(3, [1, 2]);
  const elsewhere = world.submit(4, [5, 6]);
  t.deepEqual(world.attempts, ['1 on 0,1', '4 on 5,6']);
  await world.end();
  t.deepEqual(changesOf(await first), [[1], [1]]);
  t.deepEqual(world.attempts.slice(2), ['2+3 on 0,1,2']);
  await world.end();
  t.deepEqual(changesOf(await elsewhere), [[4], [4]]);
  await world.end();
  t.deepEqual(changesOf(await second), [[2], [2]]);
  t.deepEqual(changesOf(await third), [[3], [3]]);
  t.deepEqual(world.timers, []);
});

test('nobody overtakes at a partition', async (t) => {
  const world = t.context;
  const all = [world.submit(1, [0, 1]), world.submit(2, [1, 2]), world.submit(3, [2, 3])];
  t.deepEqual(world.attempts, ['1 on 0,1']);
  await world.end();
  t.deepEqual(world.attempts.slice(1), ['2+3 on 1,2,3']);
  await world.end();
  await Promise.all(all);
});

test('where a group cannot be written each is tried by itself, for a while at once', async (t) => {
  const world = t.context;
  const first = world.submit(1, [0, 1]);
  const second = world.submit(2, [0, 1]);
  const third = world.submit(3, [0, 1]);
  await world.end();
  await first;
  await world.end(false);
  t.deepEqual(world.attempts, ['1 on 0,1', '2+3 on 0,1', '2 on 0,1', '3 on 0,1']);
  const fourth = world.submit(4, [0, 1]);
  t.is(world.attempts.at(-1), '4 on 0,1');
  const refused = t.throwsAsync(second, { instanceOf: DatabaseError, message: /refused/ });
  await world.end(false);
  await refused;
  await world.end();
  await world.end();
  t.deepEqual(changesOf(await third), [[3], [3]]);
  await fourth;
  world.nowMs += 2_000;
  const again = [world.submit(5, [0, 1]), world.submit(6, [0, 1]), world.submit(7, [0, 1])];
  await world.end();
  t.is(world.attempts.at(-1), '6+7 on 0,1');
  await world.end();
  await Promise.all(again);
});

test('nobody waits for long for another', async (t) => {
  const world = t.context;
  const first = world.submit(1, [0, 1]);
  const others = [world.submit(2, [0, 1]), world.submit(3, [0, 1])];
  must(world.timers[0])();
  t.deepEqual(world.attempts, ['1 on 0,1', '2 on 0,1', '3 on 0,1']);
  for (const _ of [1, 2, 3]) await world.end();
  await Promise.all([first, ...others]);
});

test('one who is killed is not written, the others of its group are', async (t) => {
  const world = t.context;
  const killed = new AbortController();
  const first = world.submit(1, [0, 1]);
  const second = world.submit(2, [0, 1], killed.signal);
  const third = world.submit(3, [0, 1]);
  await world.end();
  await first;
  const refused = t.throwsAsync(second, { message: /interrupted/ });
  killed.abort();
  await refused;
  t.deepEqual(world.attempts.slice(1), ['2+3 on 0,1', '3 on 0,1']);
  await world.end();
  t.deepEqual(changesOf(await third), [[3], [3]]);
});

test('inserts that come together: each has its own count or error', async (t) => {
  let leaf: FaultyLeaf | null = null;
  const cluster = await openTestCluster({ wrap: (inner) => (leaf = new FaultyLeaf(inner)) });
  t.teardown(() => cluster.close());
  const session = () => {
    const made = cluster.session();
    made.database = 'd';
    return made;
  };
  const run = (text: string) => answerLines(cluster.engine, session(), text);
  await answerLines(cluster.engine, cluster.session(), 'CREATE DATABASE d PARTITIONS 4');
  await run('CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL)');
  const insertOf = (from: number, ignore = '') => {
    const rows = Array.from({ length: 10 }, (_, i) => `(${from + i}, ${from})`);
    return run(`INSERT ${ignore} INTO t VALUES ${rows.join()}`);
  };
  await insertOf(0);
  const { calls } = must<FaultyLeaf>(leaf);
  calls.length = 0;
  const clean = await Promise.all([100, 200, 300, 400].map((from) => insertOf(from)));
  for (const [answer] of clean) t.regex(must(answer), /^ok 10 /);
  const prepared = calls.filter((call) => call.startsWith('prepare')).length;
  // Two transactions, unless the disk is so slow that nobody waits for the other.
  t.true(prepared >= 8 && prepared <= 16, `${prepared} were prepared`);
  const mixed = await Promise.all([
    insertOf(500),
    insertOf(600),
    insertOf(105),
    insertOf(205, 'IGNORE'),
    insertOf(700),
  ]);
  const said = mixed.map(([answer]) => must(answer).slice(0, 10));
  t.deepEqual(said, ['ok 10 (Rec', 'ok 10 (Rec', 'error 1062', 'ok 5 (Reco', 'ok 10 (Rec']);
  const found = await run('SELECT COUNT(*), SUM(n = 105), SUM(n = 205) FROM t');
  t.is(found.at(-1), `${10 + 40 + 30 + 5}\t0\t5`);
});
