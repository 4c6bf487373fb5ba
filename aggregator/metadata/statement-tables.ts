// The tables that a piece of a statement reads, wherever in it they stand.

import type { TableName } from '#aggregator/parser/ast.ts';
import type { WithClause } from '#aggregator/parser/ast-change.ts';

type PlainNode = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is PlainNode {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function isTable(node: PlainNode): node is PlainNode & TableName {
  return node['kind'] === 'table' && typeof node['table'] === 'string';
}

/** The commonest nodes of a long statement: there are tables in none of them. */
function isLiteral({ kind }: PlainNode): boolean {
  return kind === 'integer' || kind === 'string' || kind === 'decimal' || kind === 'null';
}

type Names = ReadonlySet<string>;

/** A WITH, by itself or as the query that it begins; null where it is something else. */
function withClauseOf(node: PlainNode): WithClause | null {
  const isClause = Array.isArray(node['tables']) && typeof node['recursive'] === 'boolean';
  return isClause ? (node as PlainNode & WithClause) : null;
}

/**
 * Every table of every FROM in `piece`, in the order written. Names that WITH gives are left out
 * where they mean its tables: beside it and behind them, but in a table's own query only with
 * RECURSIVE. For what stands beside it, a WITH is to be handed over under the key `with`.
 */
export function tablesRead(piece: unknown): readonly TableName[] {
  const found: TableName[] = [];
  const visitWith = ({ tables, recursive }: WithClause, named: Names): Names => {
    let visible = named;
    for (const { name, query } of tables) {
      const after = new Set([...visible, name.toLowerCase()]);
      visit(query, recursive ? after : visible);
      visible = after;
    }
    return visible;
  };
  const visit = (value: unknown, named: Names): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, named);
      return;
    }
    if (!isNode(value) || isLiteral(value)) return;
    if (isTable(value)) {
      if (value.database !== null || !named.has(value.table.toLowerCase())) found.push(value);
      return;
    }
    const beside = isNode(value['with']) ? withClauseOf(value['with']) : null;
    const clause = withClauseOf(value) ?? beside;
    const inner = clause === null ? named : visitWith(clause, named);
    for (const [key, part] of Object.entries(value)) {
      const isVisited = clause !== null && key === (clause === beside ? 'with' : 'tables');
      if (!isVisited) visit(part, inner);
    }
  };
  visit(piece, new Set());
  return found;
}

/** True where `piece` names a column, which needs the right to read it. */
export function namesColumn(piece: unknown): boolean {
  if (Array.isArray(piece)) return piece.some(namesColumn);
  if (!isNode(piece) || isLiteral(piece)) return false;
  return piece['kind'] === 'column' || Object.values(piece).some(namesColumn);
}
