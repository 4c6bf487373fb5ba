// A CHECK constraint as the condition that SQLite holds its table to.

import type { CheckSource } from '#aggregator/metadata/table-builder.ts';
import { nameText } from '#shared/sql/name-text.ts';
import type { CheckDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { isOfSession, rowQuery, rowSql } from './row-world.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectColumns, some } from './walk-expression.ts';

/**
 * The constraint, ready for CREATE TABLE. It has to have one answer for a row, whoever asks and
 * when: throws checkFunction for what has not, checkUnknownColumn, or unsupported.
 */
export function compileCheck(source: CheckSource): CheckDefinition {
  const { name, text } = source;
  const refuse = (): never => {
    throw databaseError('checkFunction', { name });
  };
  const condition = resolvedCondition(source, refuse);
  const columns = [...new Set(collectColumns(condition).map(({ column }) => column))];
  if (some(condition, isOfSession)) refuse();
  const zoned = source.columns.find(
    (column) => column.type.kind === 'timestamp' && columns.includes(column.name),
  );
  if (zoned !== undefined) {
    const what = `a CHECK constraint over the TIMESTAMP column '${zoned.name}'`;
    throw databaseError('unsupported', { what });
  }
  return { name, text, sqlite: rowSql(condition, refuse), columns };
}

function resolvedCondition(source: CheckSource, refuse: () => never): TypedExpression {
  const { name, text, table } = source;
  const query = rowQuery(source, `SELECT 1 FROM ${nameText(table)} WHERE (${text})`, {
    refuse,
    unknownColumn: (column) => databaseError('checkUnknownColumn', { name, column }),
  });
  return query.kind === 'select' && query.where !== null ? query.where : refuse();
}
