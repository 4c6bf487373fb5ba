// The names that a FROM clause offers: tables by alias, and the columns that `*` stands for.

import type { ResultColumn } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { sameName, type ColumnName } from './resolve-environment.ts';
import type { FromTree, Relation } from './resolved-query.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';

/** A column as the block sees it: what it is called, what it means, where it comes from. */
export interface VisibleColumn {
  readonly name: string;
  readonly expression: TypedExpression;
  readonly column: ResultColumn;
}

export interface VisibleTable {
  readonly alias: string;
  /** Null for a derived table that is no view. */
  readonly database: string | null;
  readonly relation: Relation;
  readonly columns: readonly VisibleColumn[];
}

export interface FromNames {
  readonly tables: readonly VisibleTable[];
  /** What `*` expands to: the columns merged by USING first, once. */
  readonly star: readonly VisibleColumn[];
}

export const noNames: FromNames = { tables: [], star: [] };

/** A FROM clause, resolved. */
export interface ResolvedFrom {
  readonly tree: FromTree;
  readonly names: FromNames;
  /** Conditions of views whose tables stand in the tree: they belong to WHERE. */
  readonly conditions: readonly TypedExpression[];
  /** The order of such a view that stands alone. */
  readonly orderBy: readonly OrderItem[];
}

/** What SQLite calls a derived table's column: one called "true" it takes for the constant. */
export function innerName(name: string): string {
  return /^(?:true|false)$/i.test(name) ? `=${name}` : name;
}

/** The names of one FROM item. */
export function namesOfRelation(relation: Relation, columns: readonly ResultColumn[]): FromNames {
  const visible = columns.map((column) => ({
    name: column.name,
    column,
    expression: {
      kind: 'column',
      relation: relation.id,
      column: relation.kind === 'derived' ? innerName(column.name) : column.name,
      type: column.type,
      nullable: column.nullable,
    } as const,
  }));
  const database =
    relation.kind === 'derived' ? (relation.view?.database ?? null) : relation.database;
  const table = { alias: relation.alias, database, relation, columns: visible };
  return { tables: [table], star: visible };
}

/** The same names where an outer join may leave them without a row. */
export function nullableNames(names: FromNames): FromNames {
  const columns = (list: readonly VisibleColumn[]) =>
    list.map((visible) => ({
      ...visible,
      expression: { ...visible.expression, nullable: true },
      column: { ...visible.column, nullable: true },
    }));
  return {
    tables: names.tables.map((table) => ({ ...table, columns: columns(table.columns) })),
    star: columns(names.star),
  };
}

/**
 * The column that `name` means, or null where there is none; throws ambiguousColumn.
 * `clause` is for the error.
 */
export function findVisible(
  names: FromNames,
  name: ColumnName,
  clause: string,
): VisibleColumn | null {
  const candidates = name.table === null ? names.star : qualified(names, name, name.table);
  const found = candidates.filter((visible) => sameName(visible.name, name.column));
  if (found.length > 1) {
    throw databaseError('ambiguousColumn', { column: columnNameText(name), clause });
  }
  return found[0] ?? null;
}

function qualified(names: FromNames, name: ColumnName, alias: string): readonly VisibleColumn[] {
  return tablesNamed(names, name.database, alias).flatMap((table) => table.columns);
}

/** The tables that a qualifier means: of that very spelling, else of that name in any case. */
export function tablesNamed(
  names: FromNames,
  database: string | null,
  alias: string,
): readonly VisibleTable[] {
  const here = names.tables.filter(
    (table) => database === null || (table.database !== null && sameName(table.database, database)),
  );
  const exact = here.filter((table) => table.alias === alias);
  return exact.length > 0 ? exact : here.filter((table) => sameName(table.alias, alias));
}

/** The name as errors print it. */
export function columnNameText(name: ColumnName): string {
  return [name.database, name.table, name.column].filter((part) => part !== null).join('.');
}
