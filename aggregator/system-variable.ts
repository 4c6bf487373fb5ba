// What a system variable is: its type, its scope, and which values it takes.

import { databaseError } from '#shared/error.ts';
import { unreachable } from '#shared/assert.ts';

/** As `@@name` yields it: a boolean is 0n or 1n. */
export type VariableValue = string | bigint | number | null;

export type VariableType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: bigint; readonly max: bigint }
  | { readonly kind: 'double'; readonly min: number; readonly max: number }
  | { readonly kind: 'text'; readonly nullable: boolean }
  /** One of the members, in any case or by its index. */
  | { readonly kind: 'choice'; readonly members: readonly string[] }
  /** Its own rules, named here and kept by `session-variables.ts`. */
  | { readonly kind: 'sqlMode' | 'charset' | 'collation' | 'timeZone' | 'isolation' };

export interface VariableDefinition {
  readonly name: string;
  readonly type: VariableType;
  /** `both`: a session has its own, which starts as the global one. */
  readonly scope: 'both' | 'global' | 'session';
  readonly readOnly: boolean;
  /** True where any value but `value` would have to change our answers and does not: refused. */
  readonly pinned: boolean;
  /** The default. */
  readonly value: VariableValue;
}

const offWords = new Set(['off', 'false', 'no']);
const onWords = new Set(['on', 'true', 'yes']);

function wrongValue(name: string, value: VariableValue): never {
  throw databaseError('wrongVariableValue', { name, value: value === null ? 'NULL' : `${value}` });
}

function toBoolean(name: string, value: VariableValue): bigint {
  if (value === 0n || value === 1n) return value;
  if (typeof value === 'string') {
    const word = value.trim().toLowerCase();
    if (onWords.has(word) || word === '1') return 1n;
    if (offWords.has(word) || word === '0') return 0n;
  }
  return wrongValue(name, value);
}

/** Out of range becomes the nearest allowed value, as in MySQL. */
function toInteger(name: string, value: VariableValue, range: { min: bigint; max: bigint }) {
  if (typeof value !== 'bigint') throw databaseError('wrongVariableType', { name });
  if (value < range.min) return range.min;
  return value > range.max ? range.max : value;
}

function toDouble(name: string, value: VariableValue, range: { min: number; max: number }) {
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    throw databaseError('wrongVariableType', { name });
  }
  return Math.min(Math.max(Number(value), range.min), range.max);
}

function toChoice(name: string, value: VariableValue, members: readonly string[]): string {
  if (typeof value === 'bigint') return members[Number(value)] ?? wrongValue(name, value);
  const wanted = String(value).toLowerCase();
  return members.find((member) => member.toLowerCase() === wanted) ?? wrongValue(name, value);
}

/** The value as the variable keeps it. Throws wrongVariableValue or wrongVariableType. */
export function convertValue(definition: VariableDefinition, value: VariableValue): VariableValue {
  const { name, type } = definition;
  switch (type.kind) {
    case 'boolean':
      return toBoolean(name, value);
    case 'integer':
      return toInteger(name, value, type);
    case 'double':
      return toDouble(name, value, type);
    case 'choice':
      return toChoice(name, value, type.members);
    case 'text':
      if (value === null && !type.nullable) wrongValue(name, value);
      return value === null ? null : `${value}`;
    case 'sqlMode':
    case 'charset':
    case 'collation':
    case 'timeZone':
    case 'isolation':
      return value;
    default:
      return unreachable(type);
  }
}

/** As SHOW VARIABLES prints it. */
export function printValue(definition: VariableDefinition, value: VariableValue): string {
  if (value === null) return '';
  if (definition.type.kind === 'boolean') return value === 0n ? 'OFF' : 'ON';
  if (definition.type.kind === 'double') return Number(value).toFixed(6);
  return `${value}`;
}
