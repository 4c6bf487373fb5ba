// What two values are compared as: MySQL's rules, which look at both types.

import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeText } from '#shared/sql/type-text.ts';
import {
  BIGINT,
  JSON_TYPE,
  call,
  conjunction,
  constant,
  datetime,
  decimalType,
  disjunction,
  isConstant,
  isNull,
  isNullConstant,
  negation,
  nullConstant,
  textConstant,
  time,
  varbinary,
  varchar,
} from './functions/build.ts';
import { aggregateCollation } from './functions/collation-rule.ts';
import { asDouble, asNumber, asText, convert, localised } from './functions/convert.ts';
import { digitsOfRange, integerRange } from './functions/integer-range.ts';
import {
  digitsOf,
  fspOf,
  isExact,
  isIntegerLike,
  isMoment,
  isNumber,
  isReal,
  isTemporal,
} from './functions/result-type.ts';
import { unrounded } from './functions/shown-digits.ts';
import {
  compareToMember,
  compareToMoment,
  compareToNumber,
  compareToTime,
  plainComparison,
  yearConstant,
  type Comparison,
} from './resolve-bound.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';
import { isUint64 } from '#shared/sql/unsigned-integer.ts';
import { expressionsEqual } from './walk-expression.ts';

const TURNED: Readonly<Record<Comparison, Comparison>> = {
  '=': '=',
  '<=>': '<=>',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** `left operator right` of two single values. */
export function resolveComparison(
  operator: Comparison,
  leftOperand: TypedExpression,
  rightOperand: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [left, right] = [unrounded(leftOperand), unrounded(rightOperand)];
  if (isConstant(left) && !isConstant(right)) {
    return resolveComparison(TURNED[operator], right, left, scope);
  }
  if (left.type.kind === 'null' || right.type.kind === 'null' || isNullConstant(right)) {
    if (operator !== '<=>') return nullConstant(BIGINT);
    return isNull(left.type.kind === 'null' || isNullConstant(left) ? right : left);
  }
  if (left.kind === 'parameter' || right.kind === 'parameter') {
    return withParameter(operator, left, right, scope);
  }
  if (left.type.kind === 'json' || right.type.kind === 'json') {
    return compareJson(operator, left, right);
  }
  return (
    (isConstant(right) && !isNullConstant(left)
      ? againstConstant(operator, left, right, scope)
      : null) ?? compareTypes(operator, left, right, scope)
  );
}

/** A parameter takes the other side's type, a string where that is a parameter too. */
function withParameter(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const adopt = (parameter: TypedExpression, other: TypedExpression): TypedExpression =>
    parameter.kind === 'parameter' && other.kind !== 'parameter'
      ? { ...parameter, type: other.type }
      : parameter;
  return compareTypes(operator, adopt(left, right), adopt(right, left), scope);
}

/** By the column's own type where a constant can be told in it; else null. */
function againstConstant(
  operator: Comparison,
  left: TypedExpression,
  right: Extract<TypedExpression, { kind: 'constant' }>,
  scope: ResolveScope,
): TypedExpression | null {
  const { type } = left;
  const other = right.type;
  if (isExact(type)) {
    if (isReal(other) && type.kind !== 'integer' && type.kind !== 'year') return null;
    return isTemporal(other) && !isIntegerLike(type)
      ? null
      : compareToNumber(operator, left, yearConstant(type, right));
  }
  if (isMoment(type) && other.kind !== 'time') return compareToMoment(operator, left, right, scope);
  if (type.kind === 'time' && !isMoment(other)) return compareToTime(operator, left, right, scope);
  if (type.kind === 'enum' || type.kind === 'set') {
    if (isNumber(other)) return compareToNumber(operator, left, right);
    return compareToMember(operator, left, right);
  }
  return null;
}

/** The key by which JSON values compare: text, byte by byte. */
const JSON_KEY = varchar(65_535, 'binary');

/** JSON against anything: the other side becomes JSON. */
function compareJson(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
): TypedExpression {
  const keys = [left, right].map((side) => call('tl_json_compare_key', [toJson(side)], JSON_KEY));
  return call(operator, keys, BIGINT, operator === '<=>' ? { nullable: false } : {});
}

/** A value as JSON: text becomes a JSON string, and is not parsed. */
export function toJson(expression: TypedExpression): TypedExpression {
  if (expression.type.kind === 'json') return expression;
  if (expression.type.kind === 'null') return nullConstant(JSON_TYPE);
  return call('tl_to_json', [expression, textConstant(typeText(expression.type))], JSON_TYPE);
}

function compareTypes(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [a, b] = [left.type, right.type];
  if (isTemporal(a) || isTemporal(b)) return compareTemporal(operator, left, right, scope);
  if (sameMembers(a, b) && (operator === '=' || operator === '<>' || operator === '<=>')) {
    return plainComparison(operator, left, right);
  }
  if (isNumber(a) || isNumber(b)) return compareNumbers(operator, left, right, scope);
  return compareText(operator, asText(left, scope), asText(right, scope), scope);
}

function sameMembers(left: ColumnType, right: ColumnType): boolean {
  return left.kind === 'enum' && right.kind === 'enum' && typeText(left) === typeText(right);
}

/** By the key of the collation that both sides agree upon; bytes against text by bytes. */
function compareText(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const collation = aggregateCollation([left, right], operator);
  const nullable = operator !== '<=>' && (left.nullable || right.nullable);
  const binary = left.type.kind === 'binary' || right.type.kind === 'binary';
  const sides = binary ? [left, right].map((side) => asBytes(side, scope)) : [left, right];
  return call(operator, sides, BIGINT, { nullable, collation });
}

/** Text as its bytes. */
function asBytes(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  if (expression.type.kind === 'binary') return expression;
  const source = asText(expression, scope);
  if (isConstant(source)) return convert(source, varbinary(65_535), scope);
  return call('cast blob', [source], varbinary(65_535));
}

function compareNumbers(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [a, b] = [left, right].map((side) => ordinal(asComparedNumber(side, scope)));
  if (a === undefined || b === undefined) return nullConstant(BIGINT);
  if (isReal(a.type) || isReal(b.type)) {
    return plainComparison(operator, asDouble(a, scope), asDouble(b, scope));
  }
  if (a.type.kind !== 'decimal' && b.type.kind !== 'decimal')
    return plainComparison(operator, a, b);
  const [x, y] = [shape(a), shape(b)];
  const scale = Math.max(x.scale, y.scale);
  const common = decimalType(Math.max(x.whole, y.whole) + scale, scale);
  return plainComparison(operator, convert(a, common, scope), convert(b, common, scope));
}

function shape(side: TypedExpression): { readonly whole: number; readonly scale: number } {
  if (!isIntegerLike(side.type)) return digitsOf(side.type);
  return { whole: digitsOfRange(integerRange(side)), scale: 0 };
}

function asComparedNumber(side: TypedExpression, scope: ResolveScope): TypedExpression {
  return side.type.kind === 'enum' || side.type.kind === 'set' ? side : asNumber(side, scope);
}

function ordinal(side: TypedExpression): TypedExpression {
  if (side.type.kind !== 'enum' && side.type.kind !== 'set') return side;
  return call('retype', [side], BIGINT);
}

function compareTemporal(
  operator: Comparison,
  left: TypedExpression,
  right: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [a, b] = [left.type, right.type];
  if (typeText(a) === typeText(b)) return plainComparison(operator, left, right);
  if (a.kind === 'time' && b.kind === 'time') return plainComparison(operator, left, right);
  if (isNumber(a) || isNumber(b)) return compareNumbers(operator, left, right, scope);
  if (isTemporal(a) && isTemporal(b)) {
    if (a.kind === 'time' || b.kind === 'time') {
      throw databaseError('unsupported', { what: 'comparing a TIME with a date' });
    }
    const target = datetime(Math.max(fspOf(a), fspOf(b)));
    const sides = [left, right].map((side) => convert(localised(side, scope), target, scope));
    return call(operator, sides, BIGINT, operator === '<=>' ? { nullable: false } : {});
  }
  const target = a.kind === 'time' || b.kind === 'time' ? time(6) : datetime(6);
  const sides = [left, right].map((side) => momentOrZero(side, target, scope));
  return call(operator, sides, BIGINT, operator === '<=>' ? { nullable: false } : {});
}

/** Text that is no moment compares as the zero moment. */
function momentOrZero(
  side: TypedExpression,
  target: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  const converted = convert(side, target, scope);
  if (isTemporal(side.type)) return converted;
  const zero = target.kind === 'time' ? 0n : '0000-00-00 00:00:00.000000';
  return {
    kind: 'case',
    branches: [{ when: isNull(side), then: nullConstant(target) }],
    otherwise: call('coalesce', [converted, constant(zero, target)], target, { nullable: false }),
    type: target,
    nullable: side.nullable,
  };
}

/** `operand IN (list)`: one IN where the operand keeps its form, else equations. */
export function resolveIn(
  operand: TypedExpression,
  list: readonly TypedExpression[],
  negated: boolean,
  scope: ResolveScope,
): TypedExpression {
  if (isWhole(operand) && list.every(isPlainInteger)) {
    // As below: every such number is one that the operand may be, and equals just itself.
    const { nullable } = operand;
    return { kind: 'in', operand: unrounded(operand), list, negated, type: BIGINT, nullable };
  }
  const equations = list.map((item) => resolveComparison('=', operand, item, scope));
  const joined = asInList(equations, negated);
  if (joined !== null) return joined;
  const either = disjunction(equations);
  return negated ? negation(either) : either;
}

/** True for an integer that is known when the statement runs, and is no BIGINT UNSIGNED. */
function isWhole({ kind, type }: TypedExpression): boolean {
  return type.kind === 'integer' && !isUint64(type) && kind !== 'constant' && kind !== 'parameter';
}

/** True for a BIGINT that is written in the statement, which has no kept plan. */
function isPlainInteger(item: TypedExpression): boolean {
  if (item.kind !== 'constant' || item.slot !== undefined) return false;
  const { type, value } = item;
  const isBigint = type.kind === 'integer' && type.bits === 64 && !type.unsigned;
  return isBigint && typeof value === 'bigint';
}

function asInList(equations: readonly TypedExpression[], negated: boolean): TypedExpression | null {
  let operand: TypedExpression | null = null;
  let collation: Extract<TypedExpression, { kind: 'in' }>['collation'];
  const values: TypedExpression[] = [];
  for (const equation of equations) {
    if (isNullConstant(equation)) {
      values.push(equation);
      continue;
    }
    if (equation.kind !== 'call') return null;
    const [left, right] = equation.arguments;
    if (left === undefined || !(equation.name === '=' || equation.name === 'never')) return null;
    if (operand === null || (right !== undefined && collation === undefined)) {
      collation = equation.collation;
    } else if (right !== undefined && equation.collation !== collation) {
      return null;
    }
    if (operand !== null && !expressionsEqual(operand, left)) return null;
    operand = left;
    if (right !== undefined) values.push(right);
  }
  if (operand === null || values.length === 0 || !values.some((value) => !isNullConstant(value))) {
    return null;
  }
  const nullable = operand.nullable || values.some((value) => value.nullable);
  const withCollation = collation === undefined ? {} : { collation };
  return { kind: 'in', operand, list: values, negated, type: BIGINT, nullable, ...withCollation };
}

/** Rows are compared from left to right. Throws operandColumns when they differ in length. */
export function compareRows(
  operator: Comparison,
  left: readonly TypedExpression[],
  right: readonly TypedExpression[],
  scope: ResolveScope,
): TypedExpression {
  if (left.length !== right.length) {
    throw databaseError('operandColumns', { count: left.length });
  }
  const each = (op: Comparison) =>
    left.map((side, i) => resolveComparison(op, side, right[i] ?? nullConstant(), scope));
  if (operator === '=' || operator === '<=>') return conjunction(each(operator));
  if (operator === '<>') return disjunction(each('<>'));
  const strict = operator === '<' || operator === '<=' ? each('<') : each('>');
  const last = each(operator);
  const equal = each('=');
  const choices = left.map((_, i) => {
    const decisive = i === left.length - 1 ? last[i] : strict[i];
    return conjunction([...equal.slice(0, i), decisive ?? nullConstant(BIGINT)]);
  });
  return disjunction(choices);
}
