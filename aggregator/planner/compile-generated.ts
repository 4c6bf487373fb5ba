// A generated column as the expression that SQLite computes it by, when its row is written.

import type { ColumnsSource } from '#aggregator/metadata/table-builder.ts';
import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { isOfSession, rowQuery, rowSql } from './row-world.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectColumns, some } from './walk-expression.ts';

/**
 * The columns, each generated one with its SQLite: strict, whatever the mode of who writes. Throws
 * generatedFunction, generatedOrder, generatedCounter, unknownColumn, or unsupported.
 */
export function compileGenerated({ table, columns }: ColumnsSource): readonly ColumnDefinition[] {
  return columns.map((column, place) => {
    const { generated, name } = column;
    if (generated === undefined) return column;
    const refuse = (): never => {
      throw databaseError('generatedFunction', { column: name });
    };
    const expression = resolved({ table, columns }, generated.text, refuse);
    const reads = [...new Set(collectColumns(expression).map((read) => read.column))];
    if (some(expression, isOfSession)) refuse();
    for (const read of reads) checkRead(columns, place, read);
    if (column.type.kind === 'timestamp') refuseTimestamp(name);
    const sqlite = converted(rowSql(expression, refuse), expression, column);
    return { ...column, generated: { ...generated, sqlite, columns: reads } };
  });
}

function resolved(source: ColumnsSource, text: string, refuse: () => never): TypedExpression {
  const clause = 'generated column function';
  const query = rowQuery(source, `SELECT (${text}) FROM ${nameText(source.table)}`, {
    refuse,
    unknownColumn: (column) => databaseError('unknownColumn', { column, clause }),
  });
  const isValue = query.kind === 'select' && query.items.length === 1 && !query.aggregated;
  return isValue ? must(query.items[0]).expression : refuse();
}

function checkRead(columns: readonly ColumnDefinition[], place: number, name: string): void {
  const { name: column } = must(columns[place]);
  const at = columns.findIndex((one) => one.name === name);
  const read = must(columns[at]);
  if (read.generated !== undefined && at >= place) throw databaseError('generatedOrder', {});
  if (read.autoIncrement) throw databaseError('generatedCounter', { column });
  if (read.type.kind === 'timestamp') refuseTimestamp(column);
}

/** It is another time in another session's zone. */
function refuseTimestamp(column: string): never {
  const what = `TIMESTAMP in or under the generated column '${column}'`;
  throw databaseError('unsupported', { what });
}

/** As an UPDATE would assign it: what does not fit is an error. */
function converted(
  sqlite: string,
  { type }: TypedExpression,
  { type: wanted, name }: ColumnDefinition,
): string {
  const [from, to] = [typeText(type), typeText(wanted)];
  if (from === to) return sqlite;
  const words = [from, to, name].map((word) => storedLiteral(word)).join(', ');
  return `tl_store(${sqlite}, ${words}, 1, 'UTC')`;
}
