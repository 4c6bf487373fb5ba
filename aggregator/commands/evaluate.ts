// The values of expressions that stand in SET, PREPARE, KILL and SHOW … WHERE.

import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import type { Expression } from '#aggregator/parser/ast.ts';
import { printExpression } from '#aggregator/parser/print.ts';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { Session } from '#aggregator/session.ts';
import { parseDecimal, storedOfDecimal } from '#shared/sql/decimal.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { INT64_MAX } from '#shared/sql/unsigned-integer.ts';

/** Evaluates expressions without a FROM in a session, all at the same moment. */
export type Evaluate = (
  session: Session,
  expressions: readonly Expression[],
) => Promise<readonly SourceValue[]>;

const nullValue: SourceValue = { type: { kind: 'null' }, value: null };
const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };

/** What needs no query: a literal, with its sign. Null: it is more than that. */
function literal(expression: Expression): SourceValue | null {
  switch (expression.kind) {
    case 'null':
      return nullValue;
    case 'boolean':
      return { type: bigint, value: expression.value ? 1n : 0n };
    case 'integer': {
      const value = BigInt(expression.text);
      return value > INT64_MAX ? null : { type: bigint, value };
    }
    case 'decimal': {
      const parsed = parseDecimal(expression.text);
      if (parsed === null) return null;
      const precision = Math.max(parsed.unscaled.toString().length, parsed.scale, 1);
      const type = { kind: 'decimal', precision, scale: parsed.scale, unsigned: false } as const;
      return { type, value: storedOfDecimal(parsed, type) };
    }
    case 'double':
      return { type: { kind: 'double', unsigned: false }, value: Number(expression.text) };
    case 'string': {
      const { value } = expression;
      const collation = 'utf8mb4_general_ci';
      const { length } = value;
      return { type: { kind: 'string', form: 'varchar', length, collation }, value };
    }
    case 'unary': {
      const operand = expression.operator === '-' ? literal(expression.operand) : null;
      if (operand === null || operand.type.kind !== 'integer') return null;
      return typeof operand.value === 'bigint' ? { type: bigint, value: -operand.value } : null;
    }
    default:
      return null;
  }
}

/** Text with a backslash as its bytes, so that no sql_mode reads it in another way. */
function withoutBackslashes(expression: Expression): Expression {
  return mapSyntax(expression, (node) => {
    if (node['kind'] !== 'string' || !String(node['value']).includes('\\')) return null;
    const bytes = new Uint8Array(Buffer.from(String(node['value']), 'utf8'));
    return { kind: 'hex', at: node['at'], bytes, charset: 'utf8mb4' };
  });
}

/** Literals at once, everything else as one SELECT of the engine, which is asked for when used. */
export function createEvaluate(engine: () => QueryEngine): Evaluate {
  return async (session, expressions) => {
    const literals = expressions.map(literal);
    if (literals.every((value) => value !== null)) return literals;
    const items = expressions.map((expression) => printExpression(withoutBackslashes(expression)));
    for await (const result of engine().execute(session, `SELECT ${items.join(', ')}`)) {
      if (result.kind !== 'rows') continue;
      for await (const batch of result.rows) {
        const row = batch[0] ?? [];
        return result.columns.map(({ type }, index) => ({ type, value: row[index] ?? null }));
      }
    }
    return expressions.map(() => nullValue);
  };
}
