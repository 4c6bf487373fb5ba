// The values of `?` in statements that no plan is made for: SET, SHOW, KILL, CALL and the like.

import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import type { Expression, Statement } from '#aggregator/parser/ast.ts';
import { parameterValue } from '#aggregator/statement-environment.ts';
import { must } from '#shared/assert.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

/** The statement with literals for its parameters, each of which has a value. */
export function bindParameters(
  statement: Statement,
  parameters: readonly SourceValue[],
): Statement {
  return mapSyntax(statement, (node) => {
    if (node['kind'] !== 'parameter') return null;
    return literalOf(parameterValue(must(parameters[Number(node['index'])])), Number(node['at']));
  });
}

function literalOf({ type, value }: SourceValue, at: number): Expression {
  if (value === null) return { kind: 'null', at };
  if (type.kind === 'double' || type.kind === 'float') return signed(String(value), 'double', at);
  const printed = formatValue(value, type);
  if (typeof printed !== 'string') return { kind: 'hex', at, bytes: printed, charset: null };
  if (type.kind === 'integer' || type.kind === 'decimal') return signed(printed, type.kind, at);
  return { kind: 'string', at, value: printed, charset: null };
}

function signed(text: string, kind: 'integer' | 'decimal' | 'double', at: number): Expression {
  if (!text.startsWith('-')) return { kind, at, text };
  return { kind: 'unary', at, operator: '-', operand: { kind, at, text: text.slice(1) } };
}
