// A CHECK constraint as the condition that SQLite holds its table to.

import { parseStatements } from '#aggregator/parser/parser.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import type { CheckSource } from '#aggregator/metadata/table-builder.ts';
import { nameText } from '#aggregator/parser/print-text.ts';
import { must } from '#shared/assert.ts';
import type { CheckDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { resolveQuery } from './resolve-query.ts';
import { isOfSession, rowEnvironment, rowSql } from './row-world.ts';
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
  const [parsed] = parseStatements(`SELECT 1 FROM ${nameText(table)} WHERE (${text})`);
  try {
    const query = resolveQuery(must(parsed).statement as Query, rowEnvironment(source, refuse));
    if (query.kind === 'select' && query.where !== null) return query.where;
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.is('unknownColumn')) throw error;
    const column = /'([^']*)'/.exec(error.message)?.[1] ?? '';
    throw databaseError('checkUnknownColumn', { name, column }, error);
  }
  return refuse();
}
