// Does a text lose something on its way to a number or a moment? Under a strict sql_mode that is
// an error of statements that write (MySQL: "Truncated incorrect DOUBLE value").

import { castValue } from './cast-value.ts';
import type { ColumnType, StoredValue } from './column-type.ts';
import { UTC } from './time-zone.ts';

/** What MySQL calls the target in its message. */
export type LostKind = 'INTEGER' | 'DECIMAL' | 'DOUBLE' | 'date' | 'datetime' | 'time';

const anyText = {
  kind: 'string',
  form: 'varchar',
  length: 65535,
  collation: 'utf8mb4_bin',
} as const;

const integerPattern = /^\s*[+-]?\d+\s*$/;
const numberPattern = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** Null: nothing is lost on the way to the type, or MySQL does not mind. */
export function lostKindOf({ kind }: ColumnType): LostKind | null {
  switch (kind) {
    case 'integer':
      return 'INTEGER';
    case 'decimal':
      return 'DECIMAL';
    case 'double':
    case 'float':
      return 'DOUBLE';
    case 'date':
    case 'datetime':
    case 'time':
      return kind;
    case 'timestamp':
      return 'datetime';
    default:
      return null;
  }
}

/** Is the text anything but one whole value of the kind, with spaces around it? */
export function losesSomething(text: string, kind: LostKind): boolean {
  switch (kind) {
    case 'INTEGER':
      return !integerPattern.test(text);
    case 'DECIMAL':
    case 'DOUBLE':
      return !numberPattern.test(text);
    default: {
      const source = { type: anyText, value: text };
      const type = kind === 'date' ? { kind } : { kind, fsp: 6 };
      return castValue(source, type, UTC) === null;
    }
  }
}

/** Is a number zero? `zero` is that of its own type, where it is a long decimal. */
export function isZero(value: StoredValue, zero: StoredValue): boolean {
  return value === 0 || value === 0n || value === zero;
}
