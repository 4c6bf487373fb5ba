// Texts that take long to read: others are served amid them, and they end when they are to.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { Session } from '#aggregator/session.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import { FaultyLeaf } from '#test/support/faulty-leaf.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

let cluster: TestCluster;
let leaf: FaultyLeaf;

const run = (session: Session, text: string) => runSql(cluster.engine, session, text);

function sessionOf(): Session {
  const session = cluster.session();
  session.database = 'shop';
  return session;
}

test.before(async () => {
  let nowMs = 0;
  cluster = await openTestCluster({
    // Every look at the clock takes so long that each third one is the end of a slice.
    clock: { ...realClock, monotonicMs: () => (nowMs += 6) },
    wrap: (inner) => (leaf = new FaultyLeaf(inner)),
  });
  const session = cluster.session();
  await run(session, 'CREATE DATABASE shop PARTITIONS 2');
  session.database = 'shop';
  await run(session, 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20))');
  await run(session, "INSERT INTO t VALUES (-1, 10, 'one')");
});

test.after.always(() => cluster.close());

/** Rows of VALUES from `first` on: about 70 KB. */
const rowsFrom = (first: number): string =>
  Array.from({ length: 3000 }, (_, n) => `(${first + n}, ${n}, 'text ${n}')`).join(', ');
const keys = Array.from({ length: 10_000 }, (_, n) => n + 100_000).join(', ');

/** How often another session was answered before the statement ended, and its error's number. */
async function answersAmid(text: string): Promise<{ answers: number; errno: number | null }> {
  const [other, session] = [sessionOf(), sessionOf()];
  let going = true;
  let answers = 0;
  const running = (async () => {
    try {
      await run(session, text);
      return null;
    } catch (error) {
      if (error instanceof DatabaseError) return error.errno;
      throw error;
    } finally {
      going = false;
    }
  })();
  while (going) {
    const { rows } = await run(other, 'SELECT a FROM t WHERE id = -1');
    if (rows[0]?.[0] !== '10') throw new Error(`answered ${String(rows)}`);
    if (going) answers += 1;
    await turn();
  }
  return { answers, errno: await running };
}

test.serial('long texts: others are answered while a text is parsed', async (t) => {
  const rows = rowsFrom(0);
  const wrong = {
    [`INSERT INTO t VALUES ${rows}, (`]: 1064,
    [`SELECT * FROM t WHERE id IN (${keys}, )`]: 1064,
    [`UPDATE t SET a = 1 WHERE id IN (${keys}) nonsense nonsense`]: 1064,
  };
  for (const [text, expected] of Object.entries(wrong)) {
    const { answers, errno } = await answersAmid(text);
    t.is(errno, expected);
    t.true(answers >= 3, `${answers} answers amid ${text.slice(0, 40)}`);
  }
});

test.serial('long texts: others are answered while rows are planned', async (t) => {
  const rows = rowsFrom(0);
  const parsed = await answersAmid(`INSERT INTO t VALUES ${rows}, (`);
  // What is wrong with the last row is seen when all others have been resolved.
  const planned = await answersAmid(`INSERT INTO t VALUES ${rows}, (1, 2)`);
  t.is(planned.errno, 1136);
  t.true(planned.answers >= parsed.answers + 3, `${parsed.answers}, ${planned.answers} answers`);
});

test.serial('long texts: rows of a long text are all there, with what follows them', async (t) => {
  const session = sessionOf();
  const { affectedRows } = await run(session, `INSERT INTO t VALUES ${rowsFrom(10_000)}`);
  t.is(affectedRows, 3000);
  const doubled = `INSERT INTO t VALUES ${rowsFrom(10_000)} ON DUPLICATE KEY UPDATE a = a + 1`;
  t.is((await run(session, doubled)).affectedRows, 6000);
  const { rows } = await run(session, 'SELECT count(*), sum(a), max(b) FROM t WHERE id >= 10000');
  t.deepEqual(rows, [['3000', String((2999 * 3000) / 2 + 3000), 'text 999']]);
  const found = await run(session, `SELECT count(*) FROM t WHERE id IN (-1, ${keys}, 10001)`);
  t.deepEqual(found.rows, [['2']]);
});

for (const [what, text] of [
  ['an INSERT', `INSERT INTO t VALUES ${rowsFrom(20_000)}`],
  ['a list of keys', `DELETE FROM t WHERE id IN (-1, ${keys})`],
] as const) {
  test.serial(`long texts: what is killed amid ${what} ends, and nothing was asked`, async (t) => {
    const session = sessionOf();
    const calls = leaf.calls.length;
    const running = run(session, text);
    session.kill();
    const error = await t.throwsAsync(running, { instanceOf: DatabaseError });
    t.is(error?.errno, 1317);
    t.is(leaf.calls.length, calls);
    t.deepEqual((await run(session, 'SELECT a FROM t WHERE id = -1')).rows, [['10']]);
  });
}
