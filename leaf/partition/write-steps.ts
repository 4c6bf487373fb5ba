// Runs the steps of a write task on the writer's connection, and names what SQLite refuses.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { constraintError } from '#shared/sql/constraint-error.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { shrinkInteger, type SqliteFile } from '#shared/sqlite-file.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { foreignKeyError } from './foreign-key-error.ts';

/** Where steps run, and what names their errors. */
export interface WriteTarget {
  readonly path: string;
  readonly connection: SqliteFile;
  readonly tables: ReadonlyMap<string, TableDefinition>;
}

/** Runs the steps in order. Throws a DatabaseError; the caller undoes what was done. */
export function runSteps(file: WriteTarget, steps: readonly WriteStep[]): WriteStepResult[] {
  return steps.map((step) => runStep(file, step));
}

/** Runs one step. Throws a DatabaseError. */
export function runStep(file: WriteTarget, step: WriteStep): WriteStepResult {
  if (step.kind === 'rows') return runRows(file, step);
  const { sql, parameters } = step;
  try {
    if (!step.returning) {
      return { changes: file.connection.run(sql, parameters), changesPerRow: [], rows: [] };
    }
    const rows = file.connection.all(sql, parameters).map((row) => row.map(shrinkInteger));
    return { changes: changesRows(sql) ? rows.length : 0, changesPerRow: [], rows };
  } catch (error) {
    throw toClientError(error, file, { sql, values: parameters, row: 1 });
  }
}

function runRows(
  file: WriteTarget,
  step: Extract<WriteStep, { readonly kind: 'rows' }>,
): WriteStepResult {
  const changesPerRow: number[] = [];
  let changes = 0;
  for (const [index, values] of step.rows.entries()) {
    try {
      const changed = file.connection.run(step.sql, values);
      changesPerRow.push(changed);
      changes += changed;
    } catch (error) {
      throw toClientError(error, file, { sql: step.sql, values, row: index + 1 });
    }
  }
  return { changes, changesPerRow, rows: [] };
}

/** RETURNING yields a row for each one changed; a SELECT changes none. */
function changesRows(sql: string): boolean {
  return /^\s*(?:with\b.*\b)?(?:insert|update|delete|replace)\b/is.test(sql);
}

interface FailedRun {
  readonly sql: string;
  readonly values: Row;
  /** From 1. */
  readonly row: number;
}

/** The error as the client knows it. */
export function toClientError(error: unknown, file: WriteTarget, run: FailedRun): unknown {
  const columns = givenColumns(run.sql, run.values) ?? [];
  const valueIn = (column: string): StoredValue | undefined => {
    const index = columns.indexOf(column);
    return index < 0 ? undefined : run.values[index];
  };
  if (error instanceof SqliteError && error.failure.kind === 'foreignKey') {
    return foreignKeyError(file, run.sql, valueIn, error);
  }
  return constraintError(error, {
    table: (name) => file.tables.get(name) ?? null,
    path: file.path,
    row: run.row,
    valueIn: (_table, column) => valueIn(column),
  });
}

/** The columns whose values are the first ones given: of a row inserted, or as it would be. */
function givenColumns(sql: string, values: Row): string[] | null {
  const inserted = insertedColumns(sql);
  if (inserted === null) return updatedColumns(sql);
  return inserted.length === values.length ? inserted : null;
}

/** The column list of `INSERT INTO "t" ("a", "b") VALUES (?, ?)`; else null. */
function insertedColumns(sql: string): string[] | null {
  const list = /^\s*(?:insert|replace)\b[^(]*\(([^()]*)\)\s*values\s*\(\?/i.exec(sql)?.[1];
  if (list === undefined) return null;
  const names = list.matchAll(/"((?:[^"]|"")*)"|([\w$]+)/g);
  return [...names].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

/** Those of `UPDATE "t" SET "a" = ?, "b" = ? WHERE "key" = ? AND …`; else null. */
function updatedColumns(sql: string): string[] | null {
  const start = /^\s*update\b.*? set (?=")/i.exec(sql)?.[0];
  if (start === undefined) return null;
  const names: string[] = [];
  const given = /"((?:[^"]|"")*)" = \?(, | WHERE | AND |$)/y;
  given.lastIndex = start.length;
  let isSet = true;
  for (let found = given.exec(sql); found !== null; found = given.exec(sql)) {
    const [, name = '', end = ''] = found;
    names.push(name.replaceAll('""', '"'));
    if (end === ' WHERE ' || end === '') isSet = false;
  }
  return isSet ? null : names;
}
