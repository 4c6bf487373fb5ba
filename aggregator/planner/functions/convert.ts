// Brings an expression to another type, as MySQL does without being asked.

import { must } from '#shared/assert.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { functionLibrary } from '#shared/sql/functions/library.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { derivedConstant, judged } from '#aggregator/planner/slot-constant.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import {
  BIGINT,
  DOUBLE,
  VARCHAR_MAX,
  call,
  constant,
  datetime,
  integerConstant,
  isConstant,
  isNullConstant,
  nullConstant,
  nullableCall,
  textConstant,
  time,
  varchar,
  type ConstantExpression,
  type DecimalType,
} from './build.ts';
import { digitsOfRange, integerRange, mayExceedInt64 } from './integer-range.ts';
import { unrounded } from './shown-digits.ts';
import { wholly } from './strict-write.ts';
import { collationOf } from './collation-rule.ts';
import {
  digitsOf,
  displayLength,
  fspOf,
  isIntegerLike,
  isMoment,
  isNumber,
  isReal,
  isTemporal,
  sameStoredForm,
} from './result-type.ts';

/** The functions by which constants are converted, just as SQLite would convert a column. */
const library = new Map(functionLibrary().map((definition) => [definition.name, definition]));

/** The session's time zone, in which TIMESTAMPs are read and written. */
export function timeZoneOf(scope: ResolveScope): string {
  return String(scope.systemVariable('session', 'time_zone') ?? 'SYSTEM');
}

/** A TIMESTAMP as the DATETIME that the session sees; anything else as it is. */
export function localised(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  if (expression.type.kind !== 'timestamp') return expression;
  const { fsp } = expression.type;
  const zone = timeZoneOf(scope);
  if (isConstant(expression)) {
    const value = callLibrary('tl_in_zone', [expression.value, zone, BigInt(fsp)]);
    return constant(value, datetime(fsp));
  }
  const parts = [expression, textConstant(zone), integerConstant(fsp)];
  return call('tl_in_zone', parts, datetime(fsp));
}

/** The expression as one of `type`. Constants are converted here and now. */
export function convert(
  expression: TypedExpression,
  type: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  if (expression.type.kind === 'null') return nullConstant(type);
  if (typeText(expression.type) === typeText(type)) return expression;
  if (isConstant(expression)) return castConstant(expression, type, scope);
  return convertComputed(wholly(expression, type, scope), type, scope);
}

function convertComputed(
  expression: TypedExpression,
  type: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  const exact = isNumber(type) ? unrounded(expression) : expression;
  if (exact !== expression) return convert(exact, type, scope);
  if (expression.kind === 'parameter') return { ...expression, type };
  if (expression.type.kind === 'timestamp' && type.kind !== 'timestamp') {
    return convert(localised(expression, scope), type, scope);
  }
  const whole = wholeSeconds(expression, type, scope);
  if (whole !== expression) return convert(whole, type, scope);
  if (sameStoredForm(expression.type, type)) {
    return call('retype', [expression], type);
  }
  return toNumber(expression, type) ?? toText(expression, type) ?? general(expression, type, scope);
}

/** A moment on its way to an integer loses its fraction first: 23:59:59.9 is the next day. */
export function wholeSeconds(
  expression: TypedExpression,
  target: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  const { type } = expression;
  if (!isIntegerLike(target) || fspOf(type) === 0) return expression;
  const rounded = type.kind === 'time' ? time(0) : datetime(0);
  return isTemporal(type) ? convert(expression, rounded, scope) : expression;
}

function toNumber(expression: TypedExpression, type: ColumnType): TypedExpression | null {
  const from = expression.type;
  if (isIntegerLike(type) && (isIntegerLike(from) || from.kind === 'enum' || from.kind === 'set')) {
    return call('retype', [expression], type);
  }
  if (type.kind === 'decimal') {
    if (from.kind === 'decimal') return rescaled(expression, from, type);
    return isIntegerLike(from) ? integerToDecimal(expression, type) : null;
  }
  if (type.kind !== 'double') return null;
  if (isIntegerLike(from)) {
    return call(mayExceedInt64(expression) ? 'tl_int_double' : 'cast real', [expression], type);
  }
  if (from.kind === 'decimal') {
    return call('tl_decimal_double', [expression, integerConstant(from.scale)], type);
  }
  if (from.kind === 'string') return call('tl_number', [expression], type);
  return isReal(from) ? call('retype', [expression], type) : null;
}

/** `digits` times ten to the difference of the scales, where both are INTEGERs in SQLite. */
function rescaled(
  expression: TypedExpression,
  from: DecimalType,
  to: DecimalType,
): TypedExpression {
  const wholeGrows = to.precision - to.scale >= from.precision - from.scale;
  if (from.precision <= 18 && to.precision <= 18 && to.scale >= from.scale && wholeGrows) {
    return scaledUp(expression, to.scale - from.scale, to);
  }
  const parts = [expression, from.scale, to.precision, to.scale];
  return call('tl_decimal_rescale', withNumbers(parts), to);
}

function integerToDecimal(expression: TypedExpression, type: DecimalType): TypedExpression {
  const digits = digitsOfRange(integerRange(expression));
  if (type.precision <= 18 && digits + type.scale <= 18) {
    return scaledUp(expression, type.scale, type);
  }
  return call('tl_decimal_rescale', withNumbers([expression, 0, type.precision, type.scale]), type);
}

function scaledUp(expression: TypedExpression, places: number, type: ColumnType): TypedExpression {
  if (places === 0) return call('retype', [expression], type);
  return call('*', [expression, integerConstant(10n ** BigInt(places))], type);
}

/** Expressions and whole numbers as arguments of a SQLite function. */
export function withNumbers(
  parts: readonly (TypedExpression | number)[],
): readonly TypedExpression[] {
  return parts.map((part) => (typeof part === 'number' ? integerConstant(part) : part));
}

function toText(expression: TypedExpression, type: ColumnType): TypedExpression | null {
  const from = expression.type;
  if (type.kind === 'string' && from.kind !== 'binary') {
    const enough = type.length >= displayLength(from);
    if (type.form === 'varchar' && !enough) return null;
    if (from.kind === 'date' || from.kind === 'datetime' || from.kind === 'json') {
      return call('retype', [expression], type);
    }
    const isNative = from.kind === 'integer' && !mayExceedInt64(expression);
    if (isNative) return call('cast text', [expression], type);
    return call('tl_text', [expression, textConstant(typeText(from))], type);
  }
  if (from.kind === 'date' && type.kind === 'datetime') {
    const midnight = type.fsp === 0 ? ' 00:00:00' : ` 00:00:00.${'0'.repeat(type.fsp)}`;
    return call('||', [expression, textConstant(midnight)], type);
  }
  return null;
}

function general(
  expression: TypedExpression,
  type: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  const zone = type.kind === 'timestamp' ? timeZoneOf(scope) : 'UTC';
  const parts = [
    expression,
    textConstant(typeText(expression.type)),
    textConstant(typeText(type)),
    textConstant(zone),
  ];
  return nullableCall('tl_cast', parts, type);
}

/** A constant as one of another type. */
export function castConstant(
  source: ConstantExpression,
  type: ColumnType,
  scope: ResolveScope,
): ConstantExpression {
  if (isNullConstant(source)) return nullConstant(type);
  const touchesZone = source.type.kind === 'timestamp' || type.kind === 'timestamp';
  const zone = touchesZone ? timeZoneOf(scope) : 'UTC';
  // How long a literal's text is makes no difference to what it becomes.
  const isTraced = source.slot !== undefined && source.type.kind === 'string';
  const types = [typeText(isTraced ? varchar(VARCHAR_MAX) : source.type), typeText(type)];
  const cast = (value: StoredValue) => callLibrary('tl_cast', [value, ...types, zone]);
  if (source.slot === undefined) return constant(cast(source.value), type);
  if (judged(source, (value) => cast(value) === null)) return nullConstant(type);
  return derivedConstant(source, type, cast);
}

/** Calls one of the functions that SQLite would call. */
export function callLibrary(
  name: string,
  values: readonly ConstantExpression['value'][],
): ConstantExpression['value'] {
  const definition = must(library.get(name), `SQLite has no function ${name}`);
  return definition.kind === 'scalar' ? definition.call(...values) : null;
}

/** As text that string functions work on; bytes stay bytes. */
export function asText(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = expression;
  if (type.kind === 'string' || type.kind === 'binary') return expression;
  const length = displayLength(type);
  return convert(expression, varchar(length, collationOf(type)), scope);
}

/** Converted; where a strict statement writes, a constant too must be wholly of the type. */
function wholeAs(
  expression: TypedExpression,
  type: ColumnType,
  scope: ResolveScope,
): TypedExpression {
  return convert(wholly(expression, type, scope), type, scope);
}

/** As a BIGINT: fractions are rounded, text is read up to where it stops being a number. */
export function asInteger(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  return isIntegerLike(expression.type) ? expression : wholeAs(expression, BIGINT, scope);
}

/** As the 64 bits of an integer, which are a number with a sign in SQLite. */
export function asBits(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = expression;
  if (isReal(type) || (type.kind === 'decimal' && type.precision > 18)) {
    return call('tl_number_bits', [expression, textConstant(typeText(type))], BIGINT);
  }
  const number = asInteger(expression, scope);
  return mayExceedInt64(number) ? call('tl_bits', [number], BIGINT) : number;
}

/** As a DOUBLE. */
export function asDouble(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  return expression.type.kind === 'double' ? expression : wholeAs(expression, DOUBLE, scope);
}

/** As what arithmetic works on: an integer, a decimal or a double. */
export function asNumber(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = expression;
  if (isIntegerLike(type) || type.kind === 'decimal') return expression;
  if (isReal(type)) return asDouble(expression, scope);
  if (type.kind === 'null') return nullConstant(BIGINT);
  if (isMoment(type) || type.kind === 'time') {
    const { whole } = digitsOf(type);
    const fsp = fspOf(type);
    if (fsp === 0) return convert(localised(expression, scope), BIGINT, scope);
    const exact: DecimalType = {
      kind: 'decimal',
      precision: whole + fsp,
      scale: fsp,
      unsigned: false,
    };
    return convert(localised(expression, scope), exact, scope);
  }
  return asDouble(expression, scope);
}

/** As what AND, NOT and CASE WHEN can test: zero or not. */
export function asCondition(expression: TypedExpression, scope: ResolveScope): TypedExpression {
  const { type } = expression;
  if (mayExceedInt64(expression)) return call('<>', [expression, integerConstant(0)], BIGINT);
  if (isIntegerLike(type) || isReal(type)) return expression;
  if (type.kind === 'enum' || type.kind === 'set') return expression;
  if (type.kind === 'null') return nullConstant(BIGINT);
  if (type.kind === 'decimal' && type.precision <= 18) return expression;
  if (type.kind === 'time') return call('retype', [expression], BIGINT);
  return asDouble(expression, scope);
}
