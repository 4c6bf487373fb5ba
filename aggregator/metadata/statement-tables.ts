// The tables that a piece of a statement reads, wherever in it they stand.

import type { TableName } from '#aggregator/parser/ast.ts';

type PlainNode = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is PlainNode {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function isTable(node: PlainNode): node is PlainNode & TableName {
  return node['kind'] === 'table' && typeof node['table'] === 'string';
}

interface NamedTable {
  readonly name: string;
}

/** WITH gives names that are no tables, to what stands beside and below it. */
function namesOfWith(node: PlainNode): readonly string[] {
  const inner = node['kind'] === 'with' ? node : node['with'];
  if (!isNode(inner) || !Array.isArray(inner['tables'])) return [];
  return (inner['tables'] as readonly NamedTable[]).map((table) => table.name.toLowerCase());
}

/** Every table of every FROM in `piece`, in the order written. Names of WITH are left out. */
export function tablesRead(piece: unknown): readonly TableName[] {
  const found: TableName[] = [];
  const visit = (value: unknown, named: ReadonlySet<string>): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, named);
      return;
    }
    if (!isNode(value)) return;
    const more = namesOfWith(value);
    const inner = more.length === 0 ? named : new Set([...named, ...more]);
    if (isTable(value)) {
      const table = value;
      if (table.database !== null || !inner.has(table.table.toLowerCase())) found.push(table);
      return;
    }
    for (const part of Object.values(value)) visit(part, inner);
  };
  visit(piece, new Set());
  return found;
}

/** True where `piece` names a column, which needs the right to read it. */
export function namesColumn(piece: unknown): boolean {
  if (Array.isArray(piece)) return piece.some(namesColumn);
  if (!isNode(piece)) return false;
  return piece['kind'] === 'column' || Object.values(piece).some(namesColumn);
}
