// ORDER BY items and window specifications.

import type {
  Expression,
  FrameBound,
  OrderItem,
  WindowFrame,
  WindowSpecification,
} from './ast-query.ts';
import { parseIntervalUnit } from './parse-name.ts';
import type { TokenReader } from './token-reader.ts';

/** expression [ASC | DESC]. */
export function parseOrderItem(reader: TokenReader): OrderItem {
  const { at } = reader;
  const expression = reader.parseExpression();
  const descending = reader.acceptWord('desc');
  if (!descending) reader.acceptWord('asc');
  return { at, expression, descending };
}

/** ORDER BY items, or none. */
export function parseOrderBy(reader: TokenReader): OrderItem[] {
  if (!reader.acceptWord('order')) return [];
  reader.expectWord('by');
  return reader.list(() => parseOrderItem(reader));
}

/** ([base] [PARTITION BY …] [ORDER BY …] [frame]). */
export function parseWindow(reader: TokenReader): WindowSpecification {
  const { at } = reader;
  reader.expectOperator('(');
  const isBase = reader.isName() && !reader.isWord('partition');
  const base = isBase ? reader.name() : null;
  let partitionBy: Expression[] = [];
  if (reader.acceptWord('partition')) {
    reader.expectWord('by');
    partitionBy = reader.list(() => reader.parseExpression());
  }
  const orderBy = parseOrderBy(reader);
  const frame = parseFrame(reader);
  reader.expectOperator(')');
  return { at, base, partitionBy, orderBy, frame };
}

function parseFrame(reader: TokenReader): WindowFrame | null {
  const unit = reader.acceptOneOf(['rows', 'range'] as const);
  if (unit === null) {
    if (reader.isWord('groups')) throw reader.unsupported('GROUPS');
    return null;
  }
  if (!reader.acceptWord('between')) {
    return { unit, start: parseFrameBound(reader), end: null };
  }
  const start = parseFrameBound(reader);
  reader.expectWord('and');
  return { unit, start, end: parseFrameBound(reader) };
}

function parseFrameBound(reader: TokenReader): FrameBound {
  if (reader.acceptWord('current')) {
    reader.expectWord('row');
    return { kind: 'current row', offset: null };
  }
  if (reader.acceptWord('unbounded')) {
    const direction = reader.expectOneOf(['preceding', 'following'] as const);
    return { kind: `unbounded ${direction}`, offset: null };
  }
  if (reader.acceptWord('interval')) {
    reader.parseExpression();
    parseIntervalUnit(reader);
    throw reader.unsupported('a window frame of INTERVAL');
  }
  const offset = reader.parseExpression();
  return { kind: reader.expectOneOf(['preceding', 'following'] as const), offset };
}
