// INSERT … SELECT … ON DUPLICATE KEY UPDATE: what the tables of the SELECT are called there. Their
// columns are those of the new row which they were selected for.

import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { databaseError } from '#shared/error.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { namesOfRelation, type FromNames, type VisibleTable } from './from-names.ts';
import { relationsOf } from './from-tree.ts';
import { sameName } from './resolve-environment.ts';
import { outputColumns, tableColumns } from './resolve-from.ts';
import type { Relation, ResolvedQuery } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { expressionsEqual } from './walk-expression.ts';

interface NewRow {
  /** Those that the SELECT is for. */
  readonly columns: readonly ColumnDefinition[];
  readonly inserted: (column: string) => TypedExpression;
  readonly isStrict: boolean;
}

/**
 * The tables of a SELECT that gives one row for each of its FROM, but for one called as the
 * INSERT's own.
 */
export function sourceTables(
  query: ResolvedQuery,
  own: string,
  { columns, inserted, isStrict }: NewRow,
): FromNames['tables'] {
  if (query.kind !== 'select' || query.aggregated || query.distinct) return [];
  const standFor = (expression: TypedExpression): TypedExpression => {
    const place = query.items.findIndex((item) => expressionsEqual(item.expression, expression));
    const column = columns[place];
    if (
      column !== undefined &&
      !column.autoIncrement &&
      keeps(expression.type, column.type, isStrict)
    ) {
      return inserted(column.name);
    }
    const what = 'a column that is not selected as it is, in ON DUPLICATE KEY UPDATE';
    throw databaseError('unsupported', { what });
  };
  return relationsOf(query.from)
    .filter((relation) => !sameName(relation.alias, own))
    .flatMap((relation) => tablesOf(relation))
    .map((table) => ({
      ...table,
      columns: table.columns.map((visible) => ({
        ...visible,
        get expression() {
          return standFor(visible.expression);
        },
      })),
    }));
}

function tablesOf(relation: Relation): readonly VisibleTable[] {
  switch (relation.kind) {
    case 'table': {
      const { database, table, alias } = relation;
      return namesOfRelation(relation, tableColumns(database, table, alias)).tables;
    }
    case 'derived': {
      const columns = outputColumns(relation.query);
      const named = columns.map((column, i) => {
        return { ...column, name: relation.columns[i] ?? column.name };
      });
      return namesOfRelation(relation, named).tables;
    }
    case 'virtual':
      return [];
  }
}

/** True where a column of type `to` holds a value of type `from` just as it is, or refuses it. */
function keeps(from: ColumnType, to: ColumnType, isStrict: boolean): boolean {
  if (typeText(from) === typeText(to)) return true;
  // Without strict mode values are cut to what fits.
  if (!isStrict) return false;
  if (from.kind === 'integer') return to.kind === 'integer';
  if (from.kind === 'decimal') return to.kind === 'decimal' && from.scale <= to.scale;
  if (from.kind !== 'string' || to.kind !== 'string') return false;
  return from.collation === to.collation && to.form !== 'char';
}
