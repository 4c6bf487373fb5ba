// A piece of SQLite text with the values that are bound to its question marks, in order.

import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { LiteralSlot } from '#aggregator/planner/literal-slot.ts';
import type { ContextValueName } from '#aggregator/planner/typed-expression.ts';

/** What stands behind one `?` of a SQLite statement. */
export type BoundParameter =
  | { readonly kind: 'constant'; readonly value: StoredValue }
  /** A literal's value in each run; `real` where SQLite is to take it for a REAL. */
  | { readonly kind: 'slot'; readonly slot: LiteralSlot; readonly real: boolean }
  /** The client's parameter `index`, converted to `type`. */
  | { readonly kind: 'parameter'; readonly index: number; readonly type: ColumnType }
  | {
      readonly kind: 'context';
      readonly name: ContextValueName;
      readonly fsp: number;
      readonly type: ColumnType;
    }
  | { readonly kind: 'userVariable'; readonly name: string; readonly type: ColumnType };

/** SQLite text and its parameters; `parameters[i]` belongs to the i-th `?`. */
export interface Fragment {
  readonly sql: string;
  readonly parameters: readonly BoundParameter[];
}

const none: readonly BoundParameter[] = [];

/** Text made by us: never text of a client. */
export function text(sql: string): Fragment {
  return { sql, parameters: none };
}

/** One `?` and what is bound to it. */
export function bound(parameter: BoundParameter): Fragment {
  return { sql: '?', parameters: [parameter] };
}

/** A constant, bound. */
export function boundValue(value: StoredValue): Fragment {
  return bound({ kind: 'constant', value });
}

/** A template whose holes are fragments, or text and numbers made by us. */
export function sql(
  strings: TemplateStringsArray,
  ...holes: readonly (Fragment | string | number)[]
): Fragment {
  let result = strings[0] ?? '';
  let parameters: BoundParameter[] | null = null;
  holes.forEach((hole, index) => {
    if (typeof hole === 'object') {
      result += hole.sql;
      // Not spread into one call: a long list has more values than a call takes arguments.
      for (const parameter of hole.parameters) (parameters ??= []).push(parameter);
    } else {
      result += hole;
    }
    result += strings[index + 1] ?? '';
  });
  return { sql: result, parameters: parameters ?? none };
}

/** The fragments one after the other with `separator` between them. */
export function joined(fragments: readonly Fragment[], separator: string): Fragment {
  const parameters: BoundParameter[] = [];
  for (const fragment of fragments) {
    for (const parameter of fragment.parameters) parameters.push(parameter);
  }
  return { sql: fragments.map((fragment) => fragment.sql).join(separator), parameters };
}

/**
 * The operands of an associative operator, in parentheses, halved again and again: SQLite's
 * expressions may be a thousand levels deep, chains longer.
 */
export function chained(operands: readonly Fragment[], operator: string): Fragment {
  if (operands.length <= 4) return sql`(${joined(operands, operator)})`;
  const middle = operands.length >> 1;
  const halves = [operands.slice(0, middle), operands.slice(middle)];
  return sql`(${joined(
    halves.map((half) => chained(half, operator)),
    operator,
  )})`;
}

/** `name(argument, …)`. */
export function callOf(name: string, ...parts: readonly (Fragment | string | number)[]): Fragment {
  const fragments = parts.map((part) => (typeof part === 'object' ? part : text(String(part))));
  const inner = joined(fragments, ', ');
  return { sql: `${name}(${inner.sql})`, parameters: inner.parameters };
}

/** A SQLite identifier: any name a client may choose is safe in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
