// Syntax to typed expressions: every name to what it means, every part to its MySQL type.

import type { Expression } from '#aggregator/parser/ast.ts';
import { unreachable } from '#shared/assert.ts';
import {
  BIGINT,
  DOUBLE,
  call,
  conjunction,
  constant,
  integerConstant,
  isNull,
  negation,
  textConstant,
  varchar,
} from './functions/build.ts';
import { asCondition } from './functions/convert.ts';
import { choose } from './functions/control-functions.ts';
import { resolveFunction } from './functions/function-table.ts';
import { BOOLEAN_LITERAL } from './functions/json-argument.ts';
import { regexpLike } from './functions/regexp-functions.ts';
import { concat } from './functions/string-functions.ts';
import { resolveArithmetic, resolveNegation } from './resolve-arithmetic.ts';
import { resolveBitNot, resolveBitOperation } from './resolve-bits.ts';
import { resolveBinary, resolveCast, resolveCollate, resolveConvertUsing } from './resolve-cast.ts';
import { compareRows, resolveComparison, resolveIn } from './resolve-comparison.ts';
import { resolveLike } from './resolve-like.ts';
import { bytesAsNumber, isLiteral, resolveLiteral } from './resolve-literal.ts';
import type { ResolveScope } from './resolve-scope.ts';
import { resolveSpecialSyntax } from './resolve-special-syntax.ts';
import { resolveInQuery, resolveQuantified, scalarQuery } from './resolve-subquery.ts';
import { resolveAggregateSyntax, resolveWindow } from './resolve-window.ts';
import type { TypedExpression } from './typed-expression.ts';

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** A condition: WHERE, ON and HAVING ask of it only whether it is zero, whatever its type. */
export function resolveCondition(expression: Expression, scope: ResolveScope): TypedExpression {
  return asCondition(resolveExpression(expression, scope), scope);
}

/**
 * The typed form of an expression. Throws what MySQL answers for wrong names, types and places,
 * and `unsupported` for what we do not do.
 */
export function resolveExpression(expression: Expression, scope: ResolveScope): TypedExpression {
  if (isLiteral(expression)) {
    const literal = resolveLiteral(expression, scope);
    return expression.kind === 'boolean' ? { ...literal, type: BOOLEAN_LITERAL } : literal;
  }
  const resolve = (part: Expression) => resolveExpression(part, scope);
  switch (expression.kind) {
    case 'column':
      return scope.resolveColumn(expression);
    case 'parameter':
      return resolveParameter(expression.index, scope);
    case 'userVariable': {
      const type = scope.userVariableType(expression.name);
      return { kind: 'userVariable', name: expression.name, type, nullable: true };
    }
    case 'systemVariable':
      return systemVariable(expression, scope);
    case 'unary':
      return resolveUnary(expression, scope);
    case 'binary':
      return resolveBinaryOperator(expression, scope);
    case 'and':
    case 'or': {
      const operands = expression.operands.map((part) => asCondition(resolve(part), scope));
      const nullable = operands.some((operand) => operand.nullable);
      return { kind: expression.kind, operands, type: BIGINT, nullable };
    }
    case 'case':
      return resolveCase(expression, scope);
    case 'cast':
      return resolveCast(resolve(expression.operand), expression.type, scope);
    case 'convertUsing':
      return resolveConvertUsing(resolve(expression.operand), expression.charset, scope);
    case 'collate':
      return resolveCollate(resolve(expression.operand), expression.collation, scope);
    case 'call':
      return resolveFunction(expression.name, expression.arguments.map(resolve), scope);
    case 'aggregate':
      return resolveAggregateSyntax(expression, resolveExpression, scope);
    case 'window':
      return resolveWindow(expression, resolveExpression, scope);
    case 'insertedValue':
      return scope.insertedValue(expression.column);
    case 'scalarQuery':
      return scalarQuery(scope.resolveQuery(expression.query));
    case 'is':
    case 'between':
    case 'in':
    case 'inQuery':
    case 'like':
    case 'regexp':
    case 'exists':
    case 'quantified':
      return resolvePredicate(expression, scope);
    default:
      return resolveSpecialSyntax(expression, resolve, scope);
  }
}

type Predicate = Of<
  'is' | 'between' | 'in' | 'inQuery' | 'like' | 'regexp' | 'exists' | 'quantified'
>;

/** What is true or false. */
function resolvePredicate(expression: Predicate, scope: ResolveScope): TypedExpression {
  const resolve = (part: Expression) => resolveExpression(part, scope);
  switch (expression.kind) {
    case 'is':
      return resolveIs(expression, scope);
    case 'between':
      return resolveBetween(expression, scope);
    case 'in':
      return resolveInList(expression, scope);
    case 'inQuery': {
      const operands = rowOf(expression.operand).map(resolve);
      return resolveInQuery(
        operands,
        scope.resolveQuery(expression.query),
        expression.negated,
        scope,
      );
    }
    case 'like':
      return negatedIf(
        expression.negated,
        resolveLike(
          resolve(expression.operand),
          resolve(expression.pattern),
          expression.escape === null ? null : resolve(expression.escape),
          scope,
        ),
      );
    case 'regexp': {
      const parts = [resolve(expression.operand), resolve(expression.pattern)];
      return negatedIf(expression.negated, regexpLike(parts, scope));
    }
    case 'exists': {
      const query = scope.resolveQuery(expression.query);
      return { kind: 'exists', query, negated: false, type: BIGINT, nullable: false };
    }
    case 'quantified': {
      const query = scope.resolveQuery(expression.query);
      const { operator, quantifier } = expression;
      return resolveQuantified(
        operator,
        quantifier,
        { operand: resolve(expression.operand), query },
        scope,
      );
    }
    default:
      return unreachable(expression);
  }
}

/** A `?`: its value where the scope knows it, else a parameter of any text. */
function resolveParameter(index: number, scope: ResolveScope): TypedExpression {
  const known = scope.parameter?.(index) ?? null;
  return known ?? { kind: 'parameter', index, type: varchar(65_535), nullable: true };
}

function systemVariable(expression: Of<'systemVariable'>, scope: ResolveScope): TypedExpression {
  const value = scope.systemVariable(expression.scope, expression.name);
  switch (typeof value) {
    case 'bigint':
      return integerConstant(value);
    case 'number':
      return constant(value, DOUBLE);
    case 'string':
      return textConstant(value);
    default:
      return constant(null, varchar(0));
  }
}

function negatedIf(negated: boolean, condition: TypedExpression): TypedExpression {
  return negated ? negation(condition) : condition;
}

function resolveUnary(expression: Of<'unary'>, scope: ResolveScope): TypedExpression {
  const operand = numericOperand(expression.operand, scope);
  switch (expression.operator) {
    case '-':
      return resolveNegation(operand, scope);
    case '+':
      return operand;
    case '~':
      return resolveBitNot(operand, scope);
    case 'not':
      return notOf(resolveExpression(expression.operand, scope), scope);
    case 'binary':
      return resolveBinary(resolveExpression(expression.operand, scope), scope);
  }
}

/** NOT: of EXISTS and IN it is their own negation. */
function notOf(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  if (operand.kind === 'exists' || operand.kind === 'in' || operand.kind === 'inQuery') {
    return { ...operand, negated: !operand.negated };
  }
  return negation(asCondition(operand, scope));
}

/** x'41' in arithmetic is a number. */
function numericOperand(expression: Expression, scope: ResolveScope): TypedExpression {
  if (expression.kind === 'hex' || expression.kind === 'bit')
    return bytesAsNumber(expression.bytes);
  return resolveExpression(expression, scope);
}

function resolveBinaryOperator(expression: Of<'binary'>, scope: ResolveScope): TypedExpression {
  const { operator, left, right } = expression;
  switch (operator) {
    case '=':
    case '<=>':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return resolveCompared(operator, left, right, scope);
    case '+':
    case '-':
    case '*':
    case '/':
    case 'div':
    case '%':
      return resolveArithmetic(
        operator,
        numericOperand(left, scope),
        numericOperand(right, scope),
        scope,
      );
    case '&':
    case '|':
    case '^':
    case '<<':
    case '>>':
      return resolveBitOperation(
        operator,
        numericOperand(left, scope),
        numericOperand(right, scope),
        scope,
      );
    case 'xor': {
      const sides = [left, right].map((part) => asCondition(resolveExpression(part, scope), scope));
      return call('xor', sides, BIGINT);
    }
    case 'concat':
      return concat([resolveExpression(left, scope), resolveExpression(right, scope)], scope);
    default:
      return unreachable(operator);
  }
}

function rowOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'row' ? expression.items : [expression];
}

function resolveCompared(
  operator: Of<'quantified'>['operator'],
  left: Expression,
  right: Expression,
  scope: ResolveScope,
): TypedExpression {
  if (left.kind === 'row' || right.kind === 'row') {
    const [query, row] = left.kind === 'scalarQuery' ? [left, right] : [right, left];
    if (
      query.kind === 'scalarQuery' &&
      row.kind === 'row' &&
      (operator === '=' || operator === '<>')
    ) {
      const operands = row.items.map((item) => resolveExpression(item, scope));
      return resolveInQuery(operands, scope.resolveQuery(query.query), operator === '<>', scope);
    }
    const sides = [left, right].map((side) =>
      rowOf(side).map((item) => resolveExpression(item, scope)),
    );
    return compareRows(operator, sides[0] ?? [], sides[1] ?? [], scope);
  }
  const sides = [resolveExpression(left, scope), resolveExpression(right, scope)];
  const [a, b] = besideNumber([left, right], sides, scope);
  return resolveComparison(operator, a, b, scope);
}

/** x'41' is a number where the other side is one. */
function besideNumber(
  syntax: readonly [Expression, Expression],
  [left, right]: readonly TypedExpression[],
  scope: ResolveScope,
): readonly [TypedExpression, TypedExpression] {
  const a = left ?? resolveExpression(syntax[0], scope);
  const b = right ?? resolveExpression(syntax[1], scope);
  if (isNumberBeside(b)) return [numericIfBytes(syntax[0], a), b];
  return isNumberBeside(a) ? [a, numericIfBytes(syntax[1], b)] : [a, b];
}

function isNumberBeside({ type: { kind } }: TypedExpression): boolean {
  switch (kind) {
    case 'integer':
    case 'decimal':
    case 'double':
    case 'float':
    case 'bit':
    case 'year':
      return true;
    default:
      return false;
  }
}

function numericIfBytes(syntax: Expression, resolved: TypedExpression): TypedExpression {
  return syntax.kind === 'hex' || syntax.kind === 'bit' ? bytesAsNumber(syntax.bytes) : resolved;
}

function resolveIs(expression: Of<'is'>, scope: ResolveScope): TypedExpression {
  const operand = resolveExpression(expression.operand, scope);
  const { value, negated } = expression;
  if (value === 'null' || value === 'unknown') {
    return negated ? call('is not null', [operand], BIGINT, { nullable: false }) : isNull(operand);
  }
  const name = negated ? `is not ${value}` : `is ${value}`;
  return call(name, [asCondition(operand, scope)], BIGINT, { nullable: false });
}

function resolveBetween(expression: Of<'between'>, scope: ResolveScope): TypedExpression {
  const resolve = (part: Expression) => resolveExpression(part, scope);
  const [operand, low, high] = [expression.operand, expression.low, expression.high].map(resolve);
  if (operand === undefined || low === undefined || high === undefined)
    return unreachable(expression as never);
  const inside = conjunction([
    resolveComparison('>=', operand, low, scope),
    resolveComparison('<=', operand, high, scope),
  ]);
  return negatedIf(expression.negated, inside);
}

function resolveInList(expression: Of<'in'>, scope: ResolveScope): TypedExpression {
  const { operand, list, negated } = expression;
  if (operand.kind !== 'row') {
    const value = resolveExpression(operand, scope);
    const isNumber = isNumberBeside(value);
    const items = list.map((item) => {
      const resolved = resolveExpression(item, scope);
      return isNumber ? numericIfBytes(item, resolved) : resolved;
    });
    return resolveIn(value, items, negated, scope);
  }
  const row = operand.items.map((item) => resolveExpression(item, scope));
  const choices = list.map((item) =>
    compareRows(
      '=',
      row,
      rowOf(item).map((part) => resolveExpression(part, scope)),
      scope,
    ),
  );
  const nullable = choices.some((choice) => choice.nullable);
  return negatedIf(negated, { kind: 'or', operands: choices, type: BIGINT, nullable });
}

function resolveCase(expression: Of<'case'>, scope: ResolveScope): TypedExpression {
  const { operand, otherwise } = expression;
  const branches = expression.branches.map((branch) => ({
    when:
      operand === null
        ? resolveExpression(branch.when, scope)
        : resolveCompared('=', operand, branch.when, scope),
    then: resolveExpression(branch.then, scope),
  }));
  return choose(branches, otherwise === null ? null : resolveExpression(otherwise, scope), scope);
}
