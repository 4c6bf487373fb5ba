// WITH RECURSIVE in a SQLite of the aggregator: step after step until one finds no row.

import type { RecurseOperator } from '#aggregator/planner/plan.ts';
import { text, type Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { databaseError } from '#shared/error.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { CompiledStatement } from '#shared/wire/message.ts';
import { bindFragment, type StatementValues } from './statement-values.ts';

/** A recursion with the values of a run. */
export interface Recursion {
  /** How many columns its rows have. */
  readonly width: number;
  /** The rows it begins with; with `distinct` there is a column more, the row's key. */
  readonly start: CompiledStatement;
  readonly members: readonly CompiledStatement[];
  readonly indexes: readonly string[];
  readonly distinct: boolean;
  readonly depthMax: number;
  /** So many rows are enough; null: all are wanted. */
  readonly rowsMax: number | null;
}

export function bindRecursion(
  { columns, start, members, indexes, distinct, depthMax, count, offset }: RecurseOperator,
  values: StatementValues,
): Recursion {
  return {
    width: columns.length,
    start: bindFragment(start, values),
    members: members.map((member) => bindFragment(member, values)),
    indexes,
    distinct,
    depthMax,
    rowsMax: count === null ? null : count + offset,
  };
}

/** The query for what `recurse` has found, in the order in which it was. */
export function foundRows({ columns, count, offset }: RecurseOperator): Fragment {
  const names = columnNames(columns.length).join(', ');
  return text(`SELECT ${names} FROM "found" ORDER BY "n" LIMIT ${count ?? -1} OFFSET ${offset}`);
}

function columnNames(width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) => `"c${i}"`);
}

/**
 * Fills the table "found". Asked before each step, `goesOn` is told how many rows that is to begin
 * with, and how many there are in all; where it says no, false is answered and all was in vain.
 * Throws recursionTooLong.
 */
export function recurse(
  file: SqliteFile,
  { width, start, members, indexes, distinct, depthMax, rowsMax }: Recursion,
  goesOn: (last: number, all: number) => boolean,
): boolean {
  const names = columnNames(width);
  const columns = distinct ? [...names, '"key"'] : names;
  file.exec(`CREATE TABLE "found" ("n" INTEGER PRIMARY KEY, ${columns.join(', ')})`);
  if (distinct) file.exec('CREATE UNIQUE INDEX "once" ON "found" ("key")');
  file.exec('CREATE TABLE "bounds" ("low", "high")');
  file.exec('INSERT INTO "bounds" VALUES (1, 0)');
  file.exec(
    `CREATE VIEW "step" AS SELECT ${names.join(', ')} FROM "found" WHERE "n" BETWEEN ` +
      '(SELECT "low" FROM "bounds") AND (SELECT "high" FROM "bounds")',
  );
  for (const index of indexes) file.exec(index);
  const into = `INSERT OR IGNORE INTO "found" (${columns.join(', ')})`;
  const add = ({ sql, parameters }: CompiledStatement) => file.run(`${into} ${sql}`, parameters);
  let [low, high] = [1, add(start)];
  for (let steps = 1; high >= low; steps += 1) {
    if (rowsMax !== null && high >= rowsMax) return true;
    if (!goesOn(high - low + 1, high)) return false;
    if (steps > depthMax) throw databaseError('recursionTooLong', { steps });
    file.run('UPDATE "bounds" SET "low" = ?, "high" = ?', [BigInt(low), BigInt(high)]);
    low = high + 1;
    for (const member of members) high += add(member);
  }
  return true;
}
