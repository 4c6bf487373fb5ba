// DEFAULT as written becomes the value a column gets, converted as the column stores it.

import { databaseError, DatabaseError } from '#shared/error.ts';
import type { ColumnDefault } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { parseDecimal, storedOfDecimal } from '#shared/sql/decimal.ts';
import { storeValue, type SourceValue } from '#shared/sql/store-value.ts';
import { UTC } from '#shared/sql/time-zone.ts';
import type { SourceExpression } from '#aggregator/parser/ast-definition.ts';
import type { Expression } from '#aggregator/parser/ast-query.ts';

const nowNames = new Set(['now', 'current_timestamp', 'localtime', 'localtimestamp']);

/** The fsp of NOW(), CURRENT_TIMESTAMP(3) and their like; null for anything else. */
function nowFsp(expression: Expression): number | null {
  if (expression.kind === 'column' && expression.table === null) {
    return nowNames.has(expression.column.toLowerCase()) ? 0 : null;
  }
  if (expression.kind !== 'call' || !nowNames.has(expression.name)) return null;
  const [fsp] = expression.arguments;
  return fsp?.kind === 'integer' ? Number(fsp.text) : 0;
}

function numberValue(kind: 'integer' | 'decimal' | 'double', text: string): SourceValue {
  if (kind === 'double') return { type: { kind: 'double', unsigned: false }, value: Number(text) };
  const exact = parseDecimal(text);
  if (exact === null) return { type: { kind: 'double', unsigned: false }, value: Number(text) };
  const precision = Math.max(exact.scale + 1, text.replace(/\D/g, '').length);
  const type = { kind: 'decimal', precision, scale: exact.scale, unsigned: false } as const;
  return { type, value: storedOfDecimal(exact, type) };
}

const text: ColumnType = {
  kind: 'string',
  form: 'longtext',
  length: 4_294_967_295,
  collation: 'utf8mb4_general_ci',
};

function negated({ type, value }: SourceValue): SourceValue | null {
  if (typeof value === 'number') return { type, value: -value };
  return typeof value === 'bigint' ? { type, value: -value } : null;
}

/** The value of a literal, or null for an expression that is none. */
function literalValue(expression: Expression): SourceValue | null {
  switch (expression.kind) {
    case 'null':
      return { type: { kind: 'null' }, value: null };
    case 'boolean':
      return numberValue('integer', expression.value ? '1' : '0');
    case 'integer':
    case 'decimal':
    case 'double':
      return numberValue(expression.kind, expression.text);
    case 'string':
      return { type: text, value: expression.value };
    case 'temporal':
      return { type: text, value: expression.text };
    case 'hex':
    case 'bit': {
      const { length } = expression.bytes;
      return { type: { kind: 'binary', form: 'varbinary', length }, value: expression.bytes };
    }
    case 'unary': {
      const operand = literalValue(expression.operand);
      if (operand === null || expression.operator === '+') return operand;
      return expression.operator === '-' ? negated(operand) : null;
    }
    default:
      return null;
  }
}

/** TEXT, BLOB and JSON: MySQL gives them no default but NULL, and does not write that one. */
export function takesNoDefault(type: ColumnType): boolean {
  if (type.kind === 'json') return true;
  if (type.kind === 'string') return type.form !== 'char' && type.form !== 'varchar';
  return type.kind === 'binary' && type.form !== 'binary' && type.form !== 'varbinary';
}

/** The stored value of a literal default. Throws invalidDefault when the column cannot hold it. */
function storedDefault(
  column: { name: string; type: ColumnType; nullable: boolean },
  value: SourceValue,
  zeroDates: boolean,
): ColumnDefault {
  if (value.value !== null && takesNoDefault(column.type)) {
    throw databaseError('blobDefault', { column: column.name });
  }
  try {
    const context = { row: 1, strict: true, zeroDates, timeZone: UTC, warn: () => undefined };
    return { kind: 'value', value: storeValue(column, value, context) };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw databaseError('invalidDefault', { column: column.name }, error);
  }
}

/** What a column gets when an INSERT does not name it. `zeroDates`: the sql_mode takes them. */
export function columnDefaultOf(
  column: { name: string; type: ColumnType; nullable: boolean },
  syntax: SourceExpression | null,
  zeroDates: boolean,
): ColumnDefault {
  if (syntax === null) {
    return column.nullable ? { kind: 'value', value: null } : { kind: 'none' };
  }
  const fsp = nowFsp(syntax.expression);
  if (fsp !== null && (column.type.kind === 'datetime' || column.type.kind === 'timestamp')) {
    if (fsp !== column.type.fsp) throw databaseError('invalidDefault', { column: column.name });
    return { kind: 'currentTimestamp', fsp };
  }
  const literal = literalValue(syntax.expression);
  if (literal === null) return { kind: 'expression', text: syntax.text };
  if (literal.value === null && !column.nullable) {
    throw databaseError('invalidDefault', { column: column.name });
  }
  return storedDefault(column, literal, zeroDates);
}
