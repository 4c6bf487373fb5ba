// LIKE and WHERE of a SHOW: which of its rows stay.

import type { Evaluate } from '#aggregator/commands/evaluate.ts';
import type { Expression, ShowFilter } from '#aggregator/parser/ast.ts';
import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import type { Session } from '#aggregator/session.ts';
import { databaseError } from '#shared/error.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { ShowAnswer } from './show-answer.ts';

/** Conditions that are evaluated by one SELECT. */
const CONDITIONS_MAX = 64;

/** MySQL's LIKE without regard to case: `%`, `_`, and `\` before a literal one. */
export function matchesLike(pattern: string, text: string): boolean {
  const source = pattern.replace(/\\([^])|([%_])|[.*+?^${}()|[\]\\/]/g, (piece, literal, wild) => {
    if (wild !== undefined) return wild === '%' ? '[^]*' : '[^]';
    const character: string = literal ?? piece;
    return /[A-Za-z0-9_\s%]/.test(character) ? character : `\\${character}`;
  });
  return new RegExp(`^${source}$`, 'iu').test(text);
}

function toExpression(value: StoredValue, at: number): Expression {
  if (value === null) return { kind: 'null', at };
  if (typeof value === 'bigint') {
    const digits: Expression = { kind: 'integer', at, text: String(value < 0n ? -value : value) };
    return value < 0n ? { kind: 'unary', at, operator: '-', operand: digits } : digits;
  }
  if (typeof value === 'number') return { kind: 'double', at, text: String(value) };
  return { kind: 'string', at, value: String(value), charset: null };
}

/** The condition with the row's values in place of its columns' names. */
function forRow(condition: Expression, names: readonly string[], row: Row): Expression {
  return mapSyntax(condition, (node) => {
    if (node['kind'] !== 'column') return null;
    const column = String(node['column']);
    const index = names.indexOf(column.toLowerCase());
    if (index < 0) throw databaseError('unknownColumn', { column, clause: 'where clause' });
    const at = typeof node['at'] === 'number' ? node['at'] : 0;
    return { ...toExpression(row[index] ?? null, at) };
  });
}

function isTrue(value: StoredValue): boolean {
  return value !== null && Number(value) !== 0;
}

/** The rows whose first column is LIKE the pattern, or for which WHERE is true. */
export async function filterRows(
  shown: ShowAnswer,
  filter: ShowFilter,
  by: { readonly session: Session; readonly evaluate: Evaluate },
): Promise<ShowAnswer> {
  const { like, where } = filter;
  if (like !== null) {
    const rows = shown.rows.filter((row) => matchesLike(like, String(row[0] ?? '')));
    return { ...shown, rows };
  }
  if (where === null) return shown;
  const names = shown.columns.map((column) => column.name.toLowerCase());
  const kept: Row[] = [];
  for (let begin = 0; begin < shown.rows.length; begin += CONDITIONS_MAX) {
    const rows = shown.rows.slice(begin, begin + CONDITIONS_MAX);
    // A conjunction with TRUE makes a number of whatever the condition is.
    const conditions = rows.map((row) => truth(forRow(where, names, row)));
    const values = await by.evaluate(by.session, conditions);
    kept.push(...rows.filter((_row, index) => isTrue(values[index]?.value ?? null)));
  }
  return { ...shown, rows: kept };
}

function truth(condition: Expression): Expression {
  const { at } = condition;
  return { kind: 'and', at, operands: [condition, { kind: 'boolean', at, value: true }] };
}
