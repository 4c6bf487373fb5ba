// The small pieces that many rules share: column names, string literals, units of time.

import type { ColumnExpression, Expression, IntervalUnit } from './ast-query.ts';
import type { TokenReader } from './token-reader.ts';

const intervalUnits: ReadonlyMap<string, IntervalUnit> = new Map(
  (
    [
      'microsecond',
      'second',
      'minute',
      'hour',
      'day',
      'week',
      'month',
      'quarter',
      'year',
      'second_microsecond',
      'minute_microsecond',
      'minute_second',
      'hour_microsecond',
      'hour_second',
      'hour_minute',
      'day_microsecond',
      'day_second',
      'day_minute',
      'day_hour',
      'year_month',
    ] as const
  ).map((unit) => [unit, unit]),
);

/** DAY, SQL_TSI_DAY and their like. */
export function parseIntervalUnit(reader: TokenReader): IntervalUnit {
  const { keyword } = reader.lexer;
  const unit = intervalUnits.get(keyword.startsWith('sql_tsi_') ? keyword.slice(8) : keyword);
  if (unit === undefined) throw reader.syntaxError();
  reader.next();
  return unit;
}

/** One or more string literals: those that follow each other are one. */
export function parseStringLiteral(reader: TokenReader, charset: string | null): Expression {
  const { at, lexer } = reader;
  const { value: first } = lexer;
  reader.next();
  if (lexer.kind !== 'string') return { kind: 'string', at, value: first, charset };
  let value = first;
  while (lexer.kind === 'string') {
    value += lexer.value;
    reader.next();
  }
  return { kind: 'string', at, value, charset, first };
}

/** column, table.column or database.table.column. */
export function parseColumnName(reader: TokenReader): ColumnExpression {
  const { at } = reader;
  const names: string[] = [];
  if (!reader.isOperator('.')) names.push(reader.name());
  while (reader.acceptOperator('.')) names.push(reader.nameAfterDot());
  if (names.length > 3) throw reader.syntaxErrorAt(at);
  const [column = '', table = null, database = null] = names.reverse();
  return { kind: 'column', at, database, table, column };
}
