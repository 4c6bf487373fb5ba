// The select list: stars spread out, headers and origins of every column.

import type { SelectItem as SelectItemSyntax } from '#aggregator/parser/ast.ts';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import type { BlockScope } from './block-scope.ts';
import { tablesNamed, type FromNames, type VisibleColumn } from './from-names.ts';
import { resolveExpression } from './resolve-expression.ts';
import type { SelectItem } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectRelations } from './walk-expression.ts';

export function resolveSelectItems(
  items: readonly SelectItemSyntax[],
  names: FromNames,
  scope: BlockScope,
): readonly SelectItem[] {
  return items.flatMap((item) => {
    if (item.kind === 'wildcard') return expandWildcard(item, names, scope);
    const expression = resolveExpression(item.expression, scope);
    return [selectItem(expression, item.alias ?? headerOf(item), names)];
  });
}

/** What a column without an alias is called: a text literal by what it says, as in MySQL. */
function headerOf({ expression, text }: Extract<SelectItemSyntax, { kind: 'expression' }>): string {
  switch (expression.kind) {
    case 'column':
      return expression.column;
    case 'string':
      return (expression.first ?? expression.value).trimStart();
    default:
      return text;
  }
}

function expandWildcard(
  item: Extract<SelectItemSyntax, { kind: 'wildcard' }>,
  names: FromNames,
  scope: BlockScope,
): readonly SelectItem[] {
  const columns = starColumns(item, names);
  scope.spell(item, () => ({ kind: 'items', items: columns.map((one) => spelled(one, names)) }));
  return columns.map(visibleItem);
}

function starColumns(
  item: Extract<SelectItemSyntax, { kind: 'wildcard' }>,
  names: FromNames,
): readonly VisibleColumn[] {
  if (item.table === null) {
    if (names.tables.length === 0) throw databaseError('noTablesUsed', {});
    return names.star;
  }
  const tables = tablesNamed(names, item.database, item.table);
  if (tables.length === 0) throw databaseError('unknownTableDrop', { name: item.table });
  return tables.flatMap((table) => table.columns);
}

/** The column as one would write it: by its table's alias. */
function spelled(visible: VisibleColumn, names: FromNames): SelectItemSyntax {
  const { expression, name: column } = visible;
  const [relation] = collectRelations(expression);
  const owner = names.tables.find((table) => table.relation.id === relation);
  const table = owner?.alias ?? null;
  const isTwice = names.tables.some((other) => other !== owner && other.alias === table);
  const database = isTwice ? (owner?.database ?? null) : null;
  const name = { kind: 'column', at: 0, database, table, column } as const;
  return { kind: 'expression', at: 0, expression: name, alias: null, text: column };
}

function visibleItem(visible: VisibleColumn): SelectItem {
  return { expression: visible.expression, column: { ...visible.column, name: visible.name } };
}

/** An item with its header; a plain column says where it comes from. */
export function selectItem(
  expression: TypedExpression,
  name: string,
  names: FromNames,
): SelectItem {
  return { expression, column: { ...originOf(expression, names), name } };
}

function originOf(expression: TypedExpression, names: FromNames): ResultColumn {
  const { type, nullable } = expression;
  if (expression.kind !== 'column') {
    const ofView = columnOfView(expression, names);
    return ofView?.column ?? computedColumn('', type, nullable);
  }
  const table = names.tables.find((candidate) => candidate.relation.id === expression.relation);
  const visible =
    table?.columns.find(
      (column) =>
        column.expression.kind === 'column' && column.expression.column === expression.column,
    ) ?? columnOfView(expression, names);
  return visible === undefined
    ? computedColumn('', type, nullable)
    : { ...visible.column, type, nullable };
}

/** A column of a view that its tables stand for: the very expression that it is. */
function columnOfView(expression: TypedExpression, names: FromNames): VisibleColumn | undefined {
  const columns = names.tables.flatMap((table) => table.columns);
  return columns.find((column) => column.expression === expression);
}
