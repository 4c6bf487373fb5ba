// A statement is answered alike with its plan made for it, made for the first of its kind, or kept.

import test from 'ava';
import { readCaseFiles } from '#test/support/case-file.ts';
import { withOtherLiterals, withParameters } from '#test/support/other-literals.ts';
import { randomQuery, randomRows, randomTables } from '#test/support/random-query.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const COUNT = Number(process.env['COUNT'] ?? 80);
const VARIANTS = 6;

let kept: TestCluster;
let planned: TestCluster;

test.before(async () => {
  kept = await openTestCluster();
  planned = await openTestCluster({ keepPlans: false });
});

test.after.always(async () => {
  await kept.close();
  await planned.close();
});

type Run = (text: string, parameters?: readonly SourceValue[]) => Promise<readonly string[]>;

async function world(cluster: TestCluster, name: string): Promise<Run> {
  const session = cluster.session();
  const run: Run = (text, parameters) => answerLines(cluster.engine, session, text, parameters);
  await run(`CREATE DATABASE ${name} PARTITIONS 8`);
  session.database = name;
  return run;
}

async function filled(cluster: TestCluster, name: string): Promise<Run> {
  const run = await world(cluster, name);
  for (const statement of [...randomTables, ...randomRows(seededRandom(SEED))])
    await run(statement);
  return run;
}

/** Rows of several partitions come as they come where nothing sorts them. */
function comparable(text: string, lines: readonly string[]): string {
  const [first = '', ...rest] = lines;
  return [first, ...(text.includes('ORDER BY') ? rest : rest.toSorted())].join('\n');
}

test.serial('the statements of the case files', async (t) => {
  const differences: string[] = [];
  for (const file of readCaseFiles('test/cases/sql')) {
    const name = `cases_${file.name.replace(/\W/g, '_')}`;
    const [a, b] = [await world(kept, name), await world(planned, name)];
    for (const { command } of file.cases) {
      // A second RELEASE_LOCK() or assignment has another answer, whatever the plan.
      const isQuery = /^\s*(?:select|with|\()/i.test(command) && !/_LOCK|:=/i.test(command);
      const expected = comparable(command, await b(command));
      for (let times = isQuery ? 2 : 1; times > 0; times -= 1) {
        const actual = comparable(command, await a(command));
        if (actual !== expected) differences.push(`${command}\n${actual}\n-- planned\n${expected}`);
      }
    }
  }
  t.deepEqual(differences, []);
});

test.serial(
  `random queries of seed ${SEED}, with other literals and with parameters`,
  async (t) => {
    const [a, b] = [await filled(kept, 'queries'), await filled(planned, 'queries')];
    const dice = seededRandom(SEED);
    const differences: string[] = [];
    const compare = async (text: string, parameters: readonly SourceValue[] = []) => {
      const expected = comparable(text, await b(text, parameters));
      const actual = comparable(text, await a(text, parameters));
      if (actual === expected) return;
      const values = parameters
        .map(({ type, value }) => `${type.kind} ${String(value)}`)
        .join(', ');
      differences.push(`${text} [${values}]\n${actual}\n-- planned\n${expected}`);
    };
    for (let i = 0; i < COUNT; i += 1) {
      const query = randomQuery(dice);
      for (let variant = 0; variant < VARIANTS; variant += 1) {
        await compare(withOtherLiterals(dice, query) ?? query);
        const prepared = withParameters(dice, query);
        if (prepared !== null) await compare(prepared.text, prepared.parameters);
      }
    }
    t.deepEqual(differences, []);
    t.true(kept.plans.counters.hits > COUNT, 'plans are used again');
  },
);

const changes = [
  "INSERT INTO a (id, k, s, d, t) VALUES (1, 2, 'oak', 1.5, '2024-01-12')",
  "INSERT INTO a VALUES (1, 2, 'oak', 1.5, '2024-01-12'), (7, -2, 'elm', 3, NULL)",
  "INSERT INTO a (id, k) VALUES (3, 4) ON DUPLICATE KEY UPDATE k = 9, s = 'fir'",
  'INSERT INTO a (id, k) VALUES (5, 4 + 1) ON DUPLICATE KEY UPDATE k = VALUES(k) + 1, d = 2.25',
  "INSERT IGNORE INTO a (id, s) VALUES (2, 'a text that is too long for it')",
  "REPLACE INTO a (id, k, s) VALUES (9, 1, 'ash')",
  "UPDATE a SET k = 5, s = 'oak' WHERE id = 3",
  "UPDATE a SET d = 1.255, t = '2024-02-11' WHERE id = 5",
  'UPDATE a SET k = k + 1 WHERE id IN (1, 5, 9)',
  'UPDATE a SET k = 1, k = k + 2 WHERE id > 7',
  "UPDATE a SET s = 5 WHERE k = '3' AND id < 9",
  'UPDATE b SET k = 7 WHERE pid = 3 AND n = 1',
  "UPDATE a SET k = 3 WHERE t >= '2024-02-01' LIMIT 2",
  "UPDATE a JOIN r ON a.k = r.k SET a.s = 'cedar' WHERE r.k = 5",
  "UPDATE r SET s = 'birch' WHERE k = 3",
  'DELETE FROM a WHERE id = 11',
  'DELETE FROM b WHERE pid = 7 AND n BETWEEN 2 AND 5',
  'DELETE FROM a WHERE d > 10.25 OR id = 9',
  "INSERT INTO g (id, k, s) VALUES (1, 5, 'oak')",
];

test.serial('changes with other literals and with parameters', async (t) => {
  const [a, b] = [await filled(kept, 'changes'), await filled(planned, 'changes')];
  const dice = seededRandom(SEED);
  const differences: string[] = [];
  for (let i = 0; i < COUNT * 4; i += 1) {
    const change = changes[dice(changes.length)] as string;
    const isPrepared = dice(3) === 0;
    const prepared = isPrepared ? withParameters(dice, change) : null;
    const text = prepared?.text ?? withOtherLiterals(dice, change) ?? change;
    const parameters = prepared?.parameters ?? [];
    const expected = (await b(text, parameters)).join('\n');
    const actual = (await a(text, parameters)).join('\n');
    if (actual !== expected) differences.push(`${text}\n${actual}\n-- planned\n${expected}`);
  }
  for (const table of ['a', 'b', 'r', 'g']) {
    const query = `SELECT * FROM ${table}`;
    t.is(comparable(query, await a(query)), comparable(query, await b(query)));
  }
  t.deepEqual(differences, []);
});
