// WINDOW w AS (…): every OVER that names a window gets that window's own parts.

import type { SelectStatement, WindowSpecification } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import { mapSyntax } from './map-syntax.ts';

/** The same SELECT without named windows. Windows of subqueries are their own affair. */
export function expandNamedWindows(select: SelectStatement): SelectStatement {
  if (!usesBase(select)) return select;
  const expand = (window: WindowSpecification, depth: number): WindowSpecification => {
    if (window.base === null) return window;
    const named = select.windows.find(({ name }) => name === window.base);
    if (named === undefined || depth > select.windows.length) {
      throw databaseError('unknownWindow', { name: window.base });
    }
    const base = expand(named.window, depth + 1);
    return {
      at: window.at,
      base: null,
      partitionBy: base.partitionBy,
      orderBy: window.orderBy.length > 0 ? window.orderBy : base.orderBy,
      frame: window.frame ?? base.frame,
    };
  };
  const mapped = <T>(part: T): T =>
    mapSyntax(part, (node) => {
      if (node['kind'] === 'select') return node;
      if (node['kind'] !== 'window') return null;
      return { ...node, over: expand(node['over'] as WindowSpecification, 0) };
    });
  return { ...select, items: mapped(select.items), orderBy: mapped(select.orderBy) };
}

function usesBase(select: SelectStatement): boolean {
  return select.windows.length > 0 || select.items.some(namesWindow);
}

/** Looks for OVER name: without WINDOW there is no such name, which must be said. */
function namesWindow(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if ('base' in value && typeof value.base === 'string') return true;
  return Object.values(value).some(namesWindow);
}
