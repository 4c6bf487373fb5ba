// Functions that have a syntax of their own, as EXTRACT has, and syntax that we refuse by name.

import type { Expression } from '#aggregator/parser/ast.ts';
import { unreachable } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { resolveCharacterSet } from '#shared/sql/collation.ts';
import { BIGINT, nullableCall, textConstant } from './functions/build.ts';
import { dateArithmetic, extract, timestampDiff } from './functions/date-arithmetic.ts';
import { assignVariable } from './functions/effect-functions.ts';
import { resolveFunction } from './functions/function-table.ts';
import { asJsonDocument } from './functions/json-argument.ts';
import { jsonExtract, jsonUnquote } from './functions/json-functions.ts';
import { char, trim } from './functions/string-functions.ts';
import { compareRows, toJson } from './resolve-comparison.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** What resolve-expression.ts leaves to us. */
export type SpecialSyntax = Of<
  | 'soundsLike'
  | 'memberOf'
  | 'dateArithmetic'
  | 'extract'
  | 'timestampDiff'
  | 'trim'
  | 'char'
  | 'jsonExtract'
  | 'match'
  | 'default'
  | 'row'
  | 'assignment'
>;

/** Functions that have a syntax of their own, and what we refuse. */
export function resolveSpecialSyntax(
  expression: SpecialSyntax,
  resolve: (part: Expression) => TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  switch (expression.kind) {
    case 'soundsLike': {
      const sounds = [expression.left, expression.right].map((part) =>
        resolveFunction('soundex', [resolve(part)], scope),
      );
      return compareRows('=', sounds.slice(0, 1), sounds.slice(1), scope);
    }
    case 'memberOf': {
      const parts = [
        toJson(resolve(expression.operand)),
        asJsonDocument(resolve(expression.array), scope),
      ];
      return nullableCall('tl_member_of', parts, BIGINT);
    }
    case 'dateArithmetic': {
      const { operator, unit } = expression;
      const [operand, amount] = [resolve(expression.operand), resolve(expression.amount)];
      return dateArithmetic({ operator, operand, amount, unit }, scope);
    }
    case 'extract':
      return extract(expression.unit, resolve(expression.operand), scope);
    case 'timestampDiff':
      return timestampDiff(
        expression.unit,
        resolve(expression.from),
        resolve(expression.to),
        scope,
      );
    case 'trim': {
      const remove = expression.remove === null ? null : resolve(expression.remove);
      return trim(expression.side, remove, resolve(expression.operand), scope);
    }
    case 'char': {
      const { charset } = expression;
      const collation = charset === null ? null : resolveCharacterSet(charset).collation;
      return char(expression.arguments.map(resolve), collation, scope);
    }
    case 'jsonExtract': {
      const parts = [resolve(expression.operand), textConstant(expression.path)];
      const extracted = jsonExtract(parts, scope);
      return expression.unquote ? jsonUnquote(extracted, scope) : extracted;
    }
    case 'match':
      throw databaseError('unsupported', { what: 'MATCH … AGAINST' });
    case 'default':
      throw databaseError('unsupported', { what: 'DEFAULT in an expression' });
    case 'row':
      throw databaseError('operandColumns', { count: 1 });
    case 'assignment':
      return assignVariable(expression.name, resolve(expression.value));
    default:
      return unreachable(expression);
  }
}
