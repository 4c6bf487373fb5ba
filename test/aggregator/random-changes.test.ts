// Random changes: eight partitions, one partition and MariaDB must have the same rows.

import test from 'ava';
import { changedRows, changedTables, randomChanges } from '#test/support/random-change.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

const SEED = Number(process.env['SEED'] ?? 1);
/** Each is followed by a look at all rows. */
const COUNT = Number(process.env['COUNT'] ?? 300);

let cluster: TestCluster;

test.before(async () => {
  cluster = await openTestCluster();
});

test.after.always(async () => {
  await cluster.close();
});

type Run = (text: string) => Promise<readonly string[]>;

async function world(name: string, partitions: number): Promise<Run> {
  const session = cluster.session();
  const run = (text: string) => answerLines(cluster.engine, session, text);
  await run(`CREATE DATABASE ${name} PARTITIONS ${partitions}`);
  session.database = name;
  for (const statement of changedTables) {
    const [first = ''] = await run(statement);
    if (first !== 'ok 0') throw new Error(`${statement}: ${first}`);
  }
  return run;
}

async function rowsOf(run: Run): Promise<string> {
  const rows: string[] = [];
  for (const query of changedRows) rows.push(query, ...(await run(query)).slice(1));
  return rows.join('\n');
}

test.serial(`random changes of seed ${SEED}: one partition is the truth for eight`, async (t) => {
  const one = await world('one', 1);
  const eight = await world('eight', 8);
  const next = randomChanges(seededRandom(SEED));
  let changes = 0;
  for (let i = 0; i < COUNT; i += 1) {
    const statement = next();
    const [expected = ''] = await one(statement);
    const [actual = ''] = await eight(statement);
    // A message may name another row of several that are wrong.
    t.is(actual.split(':')[0], expected.split(':')[0], statement);
    t.is(await rowsOf(eight), await rowsOf(one), statement);
    if (/^ok [1-9]/.test(expected)) changes += 1;
  }
  t.true(changes > COUNT / 5, `${changes} changed something`);
});

/** MySQL's number for a violated CHECK. */
const checkViolated = 3819;
const checkOfMariadb = 4025;

oracleTests(test)(`random changes of seed ${SEED}: MariaDB agrees`, async (t, oracle) => {
  const ours = await world('oracle', 4);
  const theirs: Run = async (text) => {
    const rows = await oracle.query(text);
    return ['', ...rows.map((row) => row.map((value) => value ?? 'NULL').join('\t'))];
  };
  for (const statement of changedTables) {
    await oracle.query(
      statement.replace(/, SHARD KEY \(\w+\)/, '').replace('REFERENCE TABLE', 'TABLE'),
    );
  }
  const next = randomChanges(seededRandom(SEED));
  for (let i = 0; i < COUNT; i += 1) {
    const statement = next();
    const [answer = ''] = await ours(statement);
    const errno = Number(/^error (\d+)/.exec(answer)?.[1] ?? 0);
    const given = await oracle.errno(statement);
    const expected = given === checkOfMariadb ? checkViolated : given;
    // MySQL passes over a row that violates a CHECK; MariaDB does not when it is the only one.
    const isPassedOver = given === checkOfMariadb && statement.startsWith('INSERT IGNORE');
    if (!isPassedOver) t.is(errno, expected, `${statement}: ${answer}`);
    t.is(await rowsOf(ours), await rowsOf(theirs), statement);
  }
});
