// The same MySQL question to MariaDB and, compiled by us, to SQLite: all rows must agree.

import type { ExecutionContext } from 'ava';
import { DatabaseError } from '#shared/error.ts';
import type { ExpressionWorld } from './expression-world.ts';
import type { MariadbOracle } from './mariadb.ts';

/** A question where MariaDB is no judge of MySQL 8, and why. */
export interface KnownDifference {
  readonly reason: string;
  readonly applies: (question: string, theirs: string, ours: string) => boolean;
}

/** Differences that can turn up anywhere. */
const knownEverywhere: readonly KnownDifference[] = [
  {
    reason: 'we hold BIGINT UNSIGNED up to 2^63 - 1, and refuse what is above',
    applies: (_, theirs, ours) => ours === 'error 1690' && /\b\d{19,20}\b/.test(theirs),
  },
  {
    reason: 'MySQL 8 has NO_ZERO_DATE by default: CAST gives NULL for a zero date',
    applies: (question, theirs, ours) =>
      question.includes('CAST(') && withoutZeroDates(theirs) === ours,
  },
  {
    reason: 'the sign of zero: MariaDB drops it of doubles and keeps it of decimals',
    applies: (_, theirs, ours) => withoutMinusZero(theirs) === withoutMinusZero(ours),
  },
  {
    reason: 'the connection shows bytes as Latin-1 where their type says so, and long texts too',
    applies: (_, theirs, ours) => theirs === asUtf8(ours) || ours === asUtf8(theirs),
  },
];

function asUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function withoutZeroDates(rows: string): string {
  return rows.replaceAll(/\b0000-00-00( 00:00:00(\.\d+)?)?/g, 'NULL');
}

function withoutMinusZero(rows: string): string {
  return rows.replaceAll(/-(0(?:\.0+)?)(?![.\d])/g, '$1');
}

export interface Questions {
  /** Each an expression, or a whole SELECT. */
  readonly questions: readonly string[];
  /** Columns of the table `t`: an expression that names one is asked of all its rows. */
  readonly columns: readonly string[];
  readonly known?: readonly KnownDifference[];
}

/** Asks all of them, and reports every difference at once. */
export async function sameRows(
  t: ExecutionContext,
  oracle: MariadbOracle,
  world: ExpressionWorld,
  { questions, columns, known = [] }: Questions,
): Promise<void> {
  const names = new RegExp(`\\b(?:${columns.join('|')})\\b`);
  const differences: string[] = [];
  for (const question of questions) {
    const statement = statementOf(question, names);
    const theirs = await answer(() => oracle.query(statement));
    const ours = await answer(() => world.rows(statement));
    if (theirs === ours) continue;
    const all = [...knownEverywhere, ...known];
    if (all.some(({ applies }) => applies(question, theirs, ours))) continue;
    differences.push(`${question}\n  MariaDB: ${theirs}\n  ours:    ${ours}`);
  }
  t.deepEqual(differences, []);
}

function statementOf(question: string, names: RegExp): string {
  if (/^(?:select|with)\b/i.test(question)) return question;
  const usesTable = names.test(question.replaceAll(/'[^']*'/g, ''));
  return usesTable ? `SELECT ${question} FROM t ORDER BY id` : `SELECT ${question}`;
}

async function answer(
  ask: () => Promise<(string | null)[][]> | (string | null)[][],
): Promise<string> {
  try {
    const rows = await ask();
    return rows.map((row) => row.map((value) => value ?? 'NULL').join(',')).join(' | ');
  } catch (error) {
    if (error instanceof DatabaseError) return `error ${error.errno}`;
    const errno = (error as { errno?: number }).errno;
    if (errno !== undefined) return `error ${errno}`;
    throw error;
  }
}
