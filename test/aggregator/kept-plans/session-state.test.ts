// A kept plan is used only where all is as it was when it was made.

import test from 'ava';
import { answerLines } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';
import type { Session } from '#aggregator/session.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

let cluster: TestCluster;

test.before(async () => {
  cluster = await openTestCluster();
});

test.after.always(async () => {
  await cluster.close();
});

async function world(name: string, { engine, session: open }: TestCluster = cluster) {
  const session = open();
  const run = (text: string, parameters?: readonly SourceValue[], in_: Session = session) =>
    answerLines(engine, in_, text, parameters);
  await run(`CREATE DATABASE ${name} PARTITIONS 8`);
  session.database = name;
  await run('CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20), d DECIMAL(6,2), m TIMESTAMP NULL)');
  await run("INSERT INTO t VALUES (1, 'a', 1.5, NULL), (2, 'B', 2.5, NULL), (3, NULL, NULL, NULL)");
  return { session, run };
}

/** The lines below the header. */
async function rows(answer: Promise<readonly string[]>): Promise<readonly string[]> {
  return (await answer).slice(1);
}

test('a kept plan goes where its values lead', async (t) => {
  const { run } = await world('route');
  for (let id = 10; id < 60; id += 1) await run(`INSERT INTO t (id, s) VALUES (${id}, 'x${id}')`);
  for (let id = 10; id < 60; id += 1) {
    t.deepEqual(await rows(run(`SELECT s FROM t WHERE id = ${id}`)), [`x${id}`]);
    t.deepEqual(await rows(run(`SELECT s FROM t WHERE id = '${id}'`)), [`x${id}`]);
  }
  const both = await rows(run('SELECT s FROM t WHERE id IN (10, 11) ORDER BY id'));
  t.deepEqual(both, ['x10', 'x11']);
  for (let id = 10; id < 50; id += 1) {
    const found = await rows(run(`SELECT id FROM t WHERE id IN (${id}, ${id + 7}) ORDER BY id`));
    t.deepEqual(found, [String(id), String(id + 7)]);
  }
  await run('UPDATE t SET s = CONCAT(s, 1) WHERE id = 12');
  await run('UPDATE t SET s = CONCAT(s, 1) WHERE id = 13');
  t.deepEqual(await rows(run('SELECT s FROM t WHERE id = 13')), ['x131']);
  t.deepEqual(await run('DELETE FROM t WHERE id = 14'), ['ok 1']);
  t.deepEqual(await run('DELETE FROM t WHERE id = 15'), ['ok 1']);
});

test('one plan adds small numbers, those that may overflow have their own', async (t) => {
  const own = await openTestCluster();
  t.teardown(() => own.close());
  const { run } = await world('sums', own);
  await run('CREATE TABLE sums (id INT PRIMARY KEY, n BIGINT, u BIGINT UNSIGNED)');
  await run('INSERT INTO sums VALUES (1, 0, 100)');
  const add = (by: string) => run(`UPDATE sums SET n = n + ${by}, u = u + ${by} WHERE id = 1`);
  await add('1');
  await add('-1');
  const { misses } = own.plans.counters;
  for (let by = 2; by < 40; by += 1) {
    await add(String(by));
    await add(String(-by));
  }
  t.is(own.plans.counters.misses, misses);
  t.deepEqual(await rows(run('SELECT n, u FROM sums')), ['0\t100']);
  t.regex((await add('-101')).join(), /1690/);
  const great = await run('UPDATE sums SET n = n + 9223372036854775807 WHERE id = 1');
  t.regex(great.join(), /^ok 1 /);
  t.regex((await add('1')).join(), /1690/);
});

test('a plan for a long text is made when it comes again', async (t) => {
  const own = await openTestCluster();
  t.teardown(() => own.close());
  const { run } = await world('lists', own);
  const numbers = Array.from({ length: 4000 }, (_, index) => index + 100);
  const { counters } = own.plans;
  const madeOf = async (condition: string): Promise<number[]> => {
    const made: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      const { misses } = counters;
      t.deepEqual(await rows(run(`SELECT id FROM t WHERE ${condition}`)), ['2']);
      made.push(counters.misses - misses);
    }
    return made;
  };
  const texts = numbers.map((number) => `'text ${number}'`);
  t.deepEqual(await madeOf(`id = 2 AND CONCAT('text ', id) NOT IN (${texts.join()})`), [0, 1, 0]);
  // Long lists of numbers are written out where they are read: no plan is one for other numbers.
  t.deepEqual(await madeOf(`id IN (2, ${numbers.join()})`), [0, 0, 0]);
  t.deepEqual(await madeOf(`id IN (2, ${numbers.slice(0, 600).join()})`), [0, 0, 0]);
  t.deepEqual(await madeOf(`id IN (2, ${numbers.slice(0, 400).join()})`), [1, 0, 0]);
});

test('headers, ordinals and limits are taken as they are written', async (t) => {
  const { run } = await world('written');
  t.deepEqual(await run('SELECT 5 FROM t WHERE id = 1'), ['5', '5']);
  t.deepEqual(await run('SELECT 6 FROM t WHERE id = 1'), ['6', '6']);
  t.deepEqual(await run("SELECT 'x' FROM t WHERE id = 1"), ['x', 'x']);
  t.deepEqual(await run("SELECT 'yz' FROM t WHERE id = 1"), ['yz', 'yz']);
  t.deepEqual(await rows(run('SELECT id, s FROM t ORDER BY 1 DESC LIMIT 1')), ['3\tNULL']);
  t.deepEqual(await rows(run('SELECT id, s FROM t ORDER BY 2 DESC LIMIT 1')), ['2\tB']);
  t.deepEqual(await rows(run('SELECT id FROM t ORDER BY 1 LIMIT 1, 2')), ['2', '3']);
  t.deepEqual(await rows(run('SELECT id FROM t ORDER BY 1 LIMIT 2, 2')), ['3']);
  t.deepEqual(await rows(run("SELECT CONCAT('a' 'b') FROM t WHERE id = 1")), ['ab']);
  t.deepEqual(await rows(run("SELECT CONCAT('a' 'c') FROM t WHERE id = 1")), ['ac']);
  t.deepEqual(await rows(run('SELECT CAST(s AS CHAR(1)) FROM t WHERE id = 2')), ['B']);
  t.deepEqual(await rows(run("SELECT DATE_ADD('2024-01-31', INTERVAL 1 DAY) FROM t LIMIT 1")), [
    '2024-02-01',
  ]);
  t.deepEqual(await rows(run("SELECT DATE_ADD('2024-02-28', INTERVAL 2 DAY) FROM t LIMIT 1")), [
    '2024-03-01',
  ]);
});

test('sql_mode, database and collation make other statements of them', async (t) => {
  const { session, run } = await world('modes');
  const text = 'SELECT id FROM t WHERE s = "a"';
  t.deepEqual(await rows(run(text)), ['1']);
  session.variables.set('session', 'sql_mode', 'ANSI_QUOTES');
  t.regex((await run(text)).join(), /error 1054/);
  session.variables.set('session', 'sql_mode', 'NO_BACKSLASH_ESCAPES');
  t.deepEqual(await rows(run("SELECT LENGTH('\\\\n') FROM t WHERE id = 1")), ['3']);
  session.variables.set('session', 'sql_mode', '');
  t.deepEqual(await rows(run("SELECT LENGTH('\\\\n') FROM t WHERE id = 1")), ['2']);
  await run('CREATE DATABASE modes2');
  await run('CREATE TABLE modes2.t (id INT PRIMARY KEY, s VARCHAR(20))');
  session.database = 'modes2';
  t.deepEqual(await rows(run(text)), []);
  session.database = 'modes';
  session.variables.set('session', 'sql_mode', 'STRICT_TRANS_TABLES');
  t.regex((await run("UPDATE t SET id = 'x' WHERE id = 99")).join(), /error/);
  t.deepEqual(await rows(run("SELECT 'a' = 'A' FROM t WHERE id = 1")), ['1']);
  session.variables.set('session', 'collation_connection', 'utf8mb4_bin');
  t.deepEqual(await rows(run("SELECT 'a' = 'A' FROM t WHERE id = 1")), ['0']);
});

test('the time zone is that of each run', async (t) => {
  const { session, run } = await world('zones');
  await run("UPDATE t SET m = '2024-05-01 12:00:00' WHERE id = 1");
  const text = "SELECT id FROM t WHERE m = '2024-05-01 12:00:00'";
  t.deepEqual(await rows(run(text)), ['1']);
  session.variables.set('session', 'time_zone', '+02:00');
  t.deepEqual(await rows(run(text)), []);
  t.deepEqual(await rows(run("SELECT id FROM t WHERE m = '2024-05-01 14:00:00'")), ['1']);
  await run("UPDATE t SET m = '2024-05-01 12:00:00' WHERE id = 2");
  t.deepEqual(await rows(run('SELECT id FROM t WHERE m IS NOT NULL ORDER BY m')), ['2', '1']);
});

test('a plan is made anew when its tables are others', async (t) => {
  const { run } = await world('shapes');
  const text = 'SELECT * FROM t WHERE id = 1';
  t.deepEqual(await run(text), ['id\ts\td\tm', '1\ta\t1.50\tNULL']);
  await run('ALTER TABLE t DROP COLUMN d');
  t.deepEqual(await run(text), ['id\ts\tm', '1\ta\tNULL']);
  await run('DROP TABLE t');
  t.regex((await run(text)).join(), /error 1146/);
  await run('CREATE TABLE t (id INT, x INT, PRIMARY KEY (id))');
  t.deepEqual(await run(text), ['id\tx']);
});

test('parameters: types make plans, NULL is one, and whole doubles are integers', async (t) => {
  const { run } = await world('parameters');
  const text = 'SELECT s FROM t WHERE id = ?';
  const double = (value: number): SourceValue => ({
    type: { kind: 'double', unsigned: false },
    value,
  });
  const none: SourceValue = { type: { kind: 'null' }, value: null };
  t.deepEqual(await rows(run(text, [double(1)])), ['a']);
  t.deepEqual(await rows(run(text, [double(2)])), ['B']);
  t.deepEqual(await rows(run(text, [double(1.5)])), []);
  t.deepEqual(await rows(run(text, [none])), []);
  t.deepEqual(await rows(run(text, [double(1)])), ['a']);
  t.regex((await run(text)).join(), /error 1210/);
  t.deepEqual(await run('UPDATE t SET s = ? WHERE id = ?', [none, double(1)]), [
    'ok 1 (Rows matched: 1  Changed: 1  Warnings: 0)',
  ]);
  t.deepEqual(await rows(run(text, [double(1)])), ['NULL']);
});

test('a transaction sees its own rows, also those of reference tables', async (t) => {
  const { run } = await world('own');
  await run('CREATE REFERENCE TABLE r (id INT PRIMARY KEY, n INT)');
  await run('INSERT INTO r VALUES (1, 1)');
  const joined = 'SELECT r.n FROM t JOIN r ON r.id = t.id WHERE t.id = 1';
  t.deepEqual(await rows(run(joined)), ['1']);
  await run('BEGIN');
  await run('UPDATE r SET n = 2 WHERE id = 1');
  await run("UPDATE t SET s = 'z' WHERE id = 1");
  t.deepEqual(await rows(run(joined)), ['2']);
  t.deepEqual(await rows(run('SELECT s FROM t WHERE id = 1')), ['z']);
  await run('ROLLBACK');
  t.deepEqual(await rows(run(joined)), ['1']);
  t.deepEqual(await rows(run('SELECT s FROM t WHERE id = 1')), ['a']);
});

test('warnings and errors of a conversion belong to each run', async (t) => {
  const { session, run } = await world('warnings');
  session.variables.set('session', 'sql_mode', '');
  const long = "UPDATE t SET s = 'more than twenty characters' WHERE id = 1";
  t.regex((await run(long)).join(), /Warnings: 1/);
  t.is(session.warnings.length, 1);
  t.regex((await run("UPDATE t SET s = 'short' WHERE id = 1")).join(), /Warnings: 0/);
  t.is(session.warnings.length, 0);
  session.variables.set('session', 'sql_mode', 'STRICT_TRANS_TABLES');
  t.regex((await run(long)).join(), /error 1406/);
});
