// Runs every case file; UPDATE=1 rewrites what is expected.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { MariadbOracle } from '#test/support/mariadb.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { readCaseFiles, writeCaseFile, type CaseFile } from '#test/support/case-file.ts';
import { answerLines } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

const directory = import.meta.dirname;
const isUpdate = process.env['UPDATE'] === '1';
const withOracle = oracleTests(test);

let cluster: TestCluster;

test.before(async () => {
  cluster = await openTestCluster();
});

test.after.always(async () => {
  await cluster.close();
});

/** The answers of all commands of a file, in a new database of so many partitions. */
async function answersOf(file: CaseFile, partitions: number): Promise<readonly string[][]> {
  const session = cluster.session();
  const name = 'shop';
  const run = (text: string) => answerLines(cluster.engine, session, text);
  await run(`CREATE DATABASE ${name} PARTITIONS ${partitions}`);
  session.database = name;
  const answers: string[][] = [];
  try {
    for (const { command } of file.cases) answers.push([...ordered(command, await run(command))]);
    return answers;
  } finally {
    await run(`DROP DATABASE ${name}`);
  }
}

/** Without ORDER BY rows have no order, so they are compared sorted. */
function ordered(command: string, lines: readonly string[]): readonly string[] {
  const [head = '', ...rows] = lines;
  const isPlan = /^\s*explain/i.test(command);
  return isPlan || /order by/i.test(command) ? lines : [head, ...rows.sort()];
}

function difference(
  command: string,
  answers: { readonly expected: string | undefined; readonly actual: string | undefined },
): string {
  return `${command}\n---- expected\n${answers.expected}\n---- is\n${answers.actual}`;
}

function check(t: ExecutionContext, file: CaseFile, answers: readonly string[][]): void {
  if (isUpdate) {
    writeCaseFile(file, file.cases.map((one, i) => ({ ...one, answer: answers[i] ?? [] })));
    t.pass();
    return;
  }
  const differences = file.cases.flatMap(({ command, answer }, i) => {
    const actual = (answers[i] ?? []).join('\n');
    const expected = answer.join('\n');
    return actual === expected ? [] : [difference(command, { expected, actual })];
  });
  t.deepEqual(differences, []);
}

for (const file of readCaseFiles(join(directory, 'sql'))) {
  test.serial(`sql/${file.name}: one partition answers as written`, async (t) => {
    check(t, file, await answersOf(file, 1));
  });
  test.serial(`sql/${file.name}: eight partitions answer like one`, async (t) => {
    const one = await answersOf(file, 1);
    const eight = await answersOf(file, 8);
    const differences = file.cases.flatMap(({ command }, i) => {
      const [expected, actual] = [one[i]?.join('\n'), eight[i]?.join('\n')];
      return expected === actual ? [] : [difference(command, { expected, actual })];
    });
    t.deepEqual(differences, []);
  });
  withOracle(`sql/${file.name}: MariaDB answers the same`, async (t, oracle) => {
    t.deepEqual(await differencesFromMariadb(file, oracle), []);
  });
}

for (const file of readCaseFiles(join(directory, 'plan'))) {
  test.serial(`plan/${file.name}: plans are as written`, async (t) => {
    check(t, file, await answersOf(file, 4));
  });
}

/** Cases marked `# ours` are not asked: MariaDB lacks them, or we differ and say why. */
async function differencesFromMariadb(file: CaseFile, oracle: MariadbOracle): Promise<string[]> {
  const differences: string[] = [];
  await oracle.query('SET @sql_mode = @@sql_mode');
  await oracle.query('CREATE DATABASE cases');
  await oracle.query('USE cases');
  try {
    for (const { comments, command, answer } of file.cases) {
      if (comments.some((line) => line.startsWith('# ours'))) continue;
      const expected = await mariadbLines(oracle, command);
      const kind = answer[0]?.split(/[ :]/)[0];
      const rows = kind === 'ok' || kind === 'error' ? [answer[0]?.split(':')[0]] : answer.slice(1);
      const ours = kind === 'ok' ? 'ok' : rows.join('\n');
      const theirs = ordered(command, ['', ...expected]).slice(1).join('\n');
      if (ours === theirs) continue;
      differences.push(difference(command, { expected: theirs, actual: ours }));
    }
  } finally {
    await oracle.query('DROP DATABASE cases');
    await oracle.query('USE oracle');
    await oracle.query('SET sql_mode = @sql_mode');
  }
  return differences;
}

/** MySQL's numbers where MariaDB has its own: a violated CHECK, generated columns. */
const numbersOfMariadb: ReadonlyMap<number, number> = new Map([
  [4025, 3819],
  [1906, 3105],
  [1901, 3102],
]);

async function mariadbLines(oracle: MariadbOracle, command: string): Promise<readonly string[]> {
  const text = command
    .replace(/,?\s*SHARD KEY \([^)]*\)/gi, '')
    .replace(/CREATE REFERENCE TABLE/gi, 'CREATE TABLE');
  try {
    const rows = await oracle.query(text);
    if (!/^\s*(select|with|values|\()/i.test(command)) return ['ok'];
    return rows.map((row) => row.map((value) => value ?? 'NULL').join('\t'));
  } catch (error) {
    const { errno } = error as { errno: number };
    return [`error ${numbersOfMariadb.get(errno) ?? errno}`];
  }
}
