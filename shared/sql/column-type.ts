// The MySQL types, as plain data: what a column holds and what an expression yields.

/** The collations we compare by. Every other name is an alias of one of these (collation.ts). */
export type Collation = 'utf8mb4_general_ci' | 'utf8mb4_bin' | 'binary';

/**
 * A MySQL type. How its values are stored in SQLite, and so how they travel between nodes
 * (`StoredValue`), is said per kind:
 *
 * - integer, bit, year: INTEGER; of 64 bits without a sign above 2^63-1 a BLOB of 8 bytes
 *   (unsigned-integer.ts).
 * - decimal with precision <= 18: INTEGER, the value times 10^scale.
 * - decimal with precision > 18: TEXT in sortable form (decimal.ts), exact and slower.
 * - float, double: REAL (float is rounded to single precision when written).
 * - string, json: TEXT.   binary: BLOB.
 * - enum: INTEGER ordinal, 1-based, 0 for the error value ''.   set: bit mask, as an integer.
 * - date: TEXT 'YYYY-MM-DD'.   datetime: TEXT 'YYYY-MM-DD hh:mm:ss[.f{fsp}]'.
 * - timestamp: as datetime, in UTC.   time: INTEGER microseconds, signed.
 */
export type ColumnType =
  | { readonly kind: 'null' }
  | {
      readonly kind: 'integer';
      readonly bits: 8 | 16 | 24 | 32 | 64;
      readonly unsigned: boolean;
      /** TINYINT(1) and BOOLEAN: drivers show it as a boolean. */
      readonly boolean?: boolean;
    }
  | {
      readonly kind: 'decimal';
      /** Digits in all, 1 to 65. */
      readonly precision: number;
      /** Digits after the point, 0 to 30, at most `precision`. */
      readonly scale: number;
      readonly unsigned: boolean;
    }
  | { readonly kind: 'float'; readonly unsigned: boolean }
  | {
      readonly kind: 'double';
      readonly unsigned: boolean;
      /** Digits after the point that are always shown: ROUND(x, 2). Absent: as many as it has. */
      readonly decimals?: number;
    }
  | { readonly kind: 'bit'; readonly length: number }
  | { readonly kind: 'year' }
  | {
      readonly kind: 'string';
      readonly form: 'char' | 'varchar' | 'tinytext' | 'text' | 'mediumtext' | 'longtext';
      /** Characters (char, varchar) or bytes (the text forms). */
      readonly length: number;
      readonly collation: Collation;
    }
  | {
      readonly kind: 'binary';
      readonly form: 'binary' | 'varbinary' | 'tinyblob' | 'blob' | 'mediumblob' | 'longblob';
      /** Bytes. */
      readonly length: number;
    }
  | { readonly kind: 'enum'; readonly members: readonly string[]; readonly collation: Collation }
  | { readonly kind: 'set'; readonly members: readonly string[]; readonly collation: Collation }
  | { readonly kind: 'json' }
  | { readonly kind: 'date' }
  | { readonly kind: 'datetime'; readonly fsp: number }
  | { readonly kind: 'timestamp'; readonly fsp: number }
  | { readonly kind: 'time'; readonly fsp: number };

/**
 * A value as SQLite holds it and as it travels between nodes.
 * Bound to a statement, a `bigint` is an INTEGER and a `number` is a REAL: integers are always
 * bound as `bigint`. Read back, an INTEGER that fits is a `number`, else a `bigint`; the column's
 * type tells INTEGER from REAL.
 */
export type StoredValue = null | number | bigint | string | Uint8Array;

/** One row, in the order of its columns. */
export type Row = readonly StoredValue[];
