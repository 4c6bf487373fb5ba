// What SQLite refused, as the error that MySQL's clients know.
//
// The constraints carry their meaning in their names, which the table's SQLite definition gives
// them: `range:<column>`, `length:<column>` and `check:<name>` for CHECKs, `<table>.<key>` for
// unique indexes (`<table>.PRIMARY` for the primary key's own index, where it needs one).

import { basename, dirname } from 'node:path';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { limitError } from '#shared/to-database-error.ts';
import { SqliteError, type SqliteFailure } from '#shared/sqlite-error.ts';
import type { StoredValue } from './column-type.ts';
import { formatValue } from './format-value.ts';

export interface ConstraintContext {
  /** The table of that name, or null. */
  readonly table: (name: string) => TableDefinition | null;
  /** The file's path, for a full disk. */
  readonly path: string;
  /** The row of the statement that failed, from 1. */
  readonly row: number;
  /** The value that the failing row has in a column, where it is known. */
  readonly valueIn?: (table: TableDefinition, column: string) => StoredValue | undefined;
}

/** The client's error for what SQLite refused; any other error comes back as it is. */
export function constraintError(error: unknown, context: ConstraintContext): unknown {
  if (!(error instanceof SqliteError)) return error;
  return failureToDatabaseError(error.failure, error, context);
}

function failureToDatabaseError(
  failure: SqliteFailure,
  error: SqliteError,
  context: ConstraintContext,
): DatabaseError {
  switch (failure.kind) {
    case 'unique':
      return duplicateOfColumns(failure, error, context);
    case 'uniqueIndex':
      return duplicateOfIndex(failure.index, error, context);
    case 'notNull':
      return databaseError('columnNotNull', { column: failure.column }, error);
    case 'check':
      return checkError(failure.name, error, context);
    case 'foreignKey':
      return foreignKeyError(error);
    case 'full':
      return databaseError('diskFull', { path: context.path }, error);
    case 'busy':
      return databaseError('lockWaitTimeout', {}, error);
    case 'corrupt': {
      const reason = `its file data.sqlite is damaged: ${error.message}`;
      const partition = basename(dirname(context.path));
      return databaseError('partitionUnrecoverable', { partition, reason }, error);
    }
    case 'limit':
      return limitError(failure.limit, error);
    case 'other':
      return missingReference(error, context) ?? internal(error);
    case 'dataType':
      return internal(error);
  }
}

function internal(error: SqliteError): DatabaseError {
  return databaseError('internal', { reason: error.message }, error);
}

/** The reference tables are attached as `ref`, unless their file is damaged. */
function missingReference(error: SqliteError, context: ConstraintContext): DatabaseError | null {
  if (!/^no such table: ref\./.test(error.message)) return null;
  const partition = basename(dirname(context.path)).replace(/_\d+$/, '_reference');
  const state = 'its file is not there or damaged';
  return databaseError('partitionNotOnline', { partition, state }, error);
}

/** A UNIQUE over plain columns names them; the key is the unique index that has just these. */
function duplicateOfColumns(
  failure: Extract<SqliteFailure, { kind: 'unique' }>,
  error: SqliteError,
  context: ConstraintContext,
): DatabaseError {
  const table = context.table(failure.table);
  const index = table?.indexes.find(
    ({ kind, parts }) =>
      (kind === 'primary' || kind === 'unique') &&
      parts.length === failure.columns.length &&
      parts.every((part, i) => part.column === failure.columns[i]),
  );
  const key = `${failure.table}.${index?.name ?? 'PRIMARY'}`;
  const value = keyValue(table, failure.columns, context);
  return databaseError('duplicateEntry', { value, key }, error);
}

function duplicateOfIndex(
  key: string,
  error: SqliteError,
  context: ConstraintContext,
): DatabaseError {
  const dot = key.lastIndexOf('.');
  const table = context.table(key.slice(0, dot));
  const index = table?.indexes.find((candidate) => candidate.name === key.slice(dot + 1));
  const columns = index?.parts.map((part) => part.column) ?? [];
  return databaseError('duplicateEntry', { value: keyValue(table, columns, context), key }, error);
}

/** The values of the key as MySQL glues them: 'a-1'; '' where they are not known. */
function keyValue(
  table: TableDefinition | null,
  columns: readonly string[],
  context: ConstraintContext,
): string {
  if (table === null) return '';
  const texts = columns.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    const value = context.valueIn?.(table, name);
    if (column === undefined || value === undefined) return null;
    return value === null ? 'NULL' : String(formatValue(value, column.type));
  });
  return texts.every((text) => text !== null) ? texts.join('-') : '';
}

function checkError(name: string, error: SqliteError, context: ConstraintContext): DatabaseError {
  const colon = name.indexOf(':');
  const [sort, subject] = [name.slice(0, colon), name.slice(colon + 1)];
  const place = { column: subject, row: context.row };
  if (sort === 'range') return databaseError('outOfRange', place, error);
  if (sort === 'length') return databaseError('dataTooLong', place, error);
  return databaseError('checkViolated', { name: sort === 'check' ? subject : name }, error);
}

/** SQLite does not say which constraint it was, nor which side: the caller may know better. */
function foreignKeyError(error: SqliteError): DatabaseError {
  return databaseError('foreignKeyChild', { constraint: 'FOREIGN KEY' }, error);
}
