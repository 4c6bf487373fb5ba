// Random queries: eight partitions, one partition and MariaDB must answer alike.

import test from 'ava';
import { randomQuery, randomRows, randomTables } from '#test/support/random-query.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { must } from '#shared/assert.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const COUNT = Number(process.env['COUNT'] ?? 150);

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
  for (const statement of [...randomTables, ...randomRows(seededRandom(SEED))]) {
    const [first = ''] = await run(statement);
    if (!first.startsWith('ok')) throw new Error(`${statement}: ${first}`);
  }
  return run;
}

function comparable(query: string, rows: readonly string[]): string {
  return (query.includes('ORDER BY') ? rows : rows.toSorted()).join('\n');
}

test.serial(`random queries of seed ${SEED}: one partition is the truth for eight`, async (t) => {
  const one = await world('one', 1);
  const eight = await world('eight', 8);
  const dice = seededRandom(SEED);
  const differences: string[] = [];
  for (let i = 0; i < COUNT; i += 1) {
    const query = randomQuery(dice);
    const expected = comparable(query, await one(query));
    const actual = comparable(query, await eight(query));
    if (expected !== actual) {
      const plan = (await eight(`EXPLAIN ${query}`)).join('\n');
      differences.push(`${query}\n-- one\n${expected}\n-- eight\n${actual}\n-- plan\n${plan}`);
    }
  }
  t.deepEqual(differences, []);
});

/** Puts views in the place of all tables: each is merged, or is not. */
async function hideTables(run: Run): Promise<void> {
  for (const statement of randomTables) {
    const table = must(/TABLE (\w+)/.exec(statement)?.[1]);
    await run(`RENAME TABLE ${table} TO base_${table}`);
    const columns = must((await run(`SELECT * FROM base_${table} LIMIT 0`))[0]).split('\t');
    const items = columns.map((name) => (name === 's' ? "concat(x.s, '') AS s" : `x.${name}`));
    const rows = `SELECT * FROM base_${table} WHERE ${columns[0]} > -1000`;
    await run(`CREATE VIEW inner_${table} AS ${rows}`);
    const view = `SELECT ${items.join(', ')} FROM inner_${table} AS x`;
    const [made] = await run(`CREATE VIEW ${table} AS ${view}`);
    if (made !== 'ok 0') throw new Error(made);
  }
}

test.serial(`random queries of seed ${SEED}: views answer like their tables`, async (t) => {
  const plain = await world('plain', 4);
  const viewed = await world('viewed', 4);
  await hideTables(viewed);
  const dice = seededRandom(SEED + 1);
  const differences: string[] = [];
  for (let i = 0; i < COUNT; i += 1) {
    const query = randomQuery(dice);
    const expected = comparable(query, await plain(query));
    const actual = comparable(query, await viewed(query));
    if (expected !== actual)
      differences.push(`${query}\n-- plain\n${expected}\n-- views\n${actual}`);
  }
  t.deepEqual(differences, []);
});

oracleTests(test)(`random queries of seed ${SEED}: MariaDB agrees`, async (t, oracle) => {
  const ours = await world('oracle', 8);
  for (const statement of [...randomTables, ...randomRows(seededRandom(SEED))]) {
    await oracle.query(
      statement.replace(/, SHARD KEY \(\w+\)/, '').replace('REFERENCE TABLE', 'TABLE'),
    );
  }
  const dice = seededRandom(SEED);
  const differences: string[] = [];
  for (let i = 0; i < COUNT; i += 1) {
    const query = randomQuery(dice);
    const rows = await oracle.query(query);
    const lines = rows.map((row) => row.map((value) => value ?? 'NULL').join('\t'));
    const expected = comparable(query, lines);
    const answer = await ours(query);
    const actual = comparable(query, answer[0]?.startsWith('error') ? answer : answer.slice(1));
    if (expected !== actual) {
      differences.push(`${query}\n-- MariaDB\n${expected}\n-- ours\n${actual}`);
    }
  }
  t.deepEqual(differences, []);
});
