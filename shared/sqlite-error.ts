// What SQLite refused, as a small union that the callers can act on.

/** Names are SQLite's: a column of a table, an index, a CHECK constraint. */
export type SqliteFailure =
  /** A UNIQUE or PRIMARY KEY over plain columns. */
  | { readonly kind: 'unique'; readonly table: string; readonly columns: readonly string[] }
  /** A UNIQUE index that holds an expression. */
  | { readonly kind: 'uniqueIndex'; readonly index: string }
  | { readonly kind: 'notNull'; readonly table: string; readonly column: string }
  | { readonly kind: 'check'; readonly name: string }
  | { readonly kind: 'foreignKey' }
  | { readonly kind: 'dataType'; readonly message: string }
  | { readonly kind: 'full' }
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'busy' }
  /** A statement beyond what SQLite takes: too long, too deep, too many tables. */
  | { readonly kind: 'limit'; readonly limit: SqliteLimit }
  /** A statement that SQLite cannot compile or run: a mistake of ours. */
  | { readonly kind: 'other' };

/** What a statement has too much of for SQLite. */
export type SqliteLimit = 'tables' | 'depth' | 'columns' | 'arguments' | 'terms' | 'values';

/** SQLite has no codes for them. */
const limitMessages: readonly (readonly [SqliteLimit, RegExp])[] = [
  ['tables', /^at most \d+ tables in a join/],
  ['depth', /^(Expression tree is too large|parser stack overflow)/],
  ['columns', /^too many (columns|terms in (ORDER|GROUP) BY clause)/],
  ['arguments', /^too many arguments on function/],
  ['terms', /^too many terms in compound SELECT/],
  ['values', /^(too many SQL variables|variable number must be)/],
];

/** Thrown by SqliteFile for everything that SQLite itself refuses. */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly failure: SqliteFailure;
  /** SQLite's extended result code. */
  readonly code: number;

  constructor(failure: SqliteFailure, message: string, code: number, cause: unknown) {
    super(message, { cause });
    this.failure = failure;
    this.code = code;
  }
}

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

/** The error as a SqliteError when SQLite raised it; any other error as it is. */
export function toSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const code = Number(error.errcode);
  return new SqliteError(failureOf(code, error.message), error.message, code, error);
}

function failureOf(code: number, message: string): SqliteFailure {
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return { kind: 'busy' };
    case CORRUPT:
    case NOT_A_DATABASE:
      return { kind: 'corrupt' };
    case FULL:
      return { kind: 'full' };
    case CONSTRAINT:
      return constraintFailure(message);
    default:
      return limitFailure(message) ?? { kind: 'other' };
  }
}

function limitFailure(message: string): SqliteFailure | null {
  const found = limitMessages.find(([, pattern]) => pattern.test(message));
  return found === undefined ? null : { kind: 'limit', limit: found[0] };
}

function constraintFailure(message: string): SqliteFailure {
  const [, constraint = '', rest = ''] =
    /^(.*?) constraint failed(?:: (.*))?$/s.exec(message) ?? [];
  switch (constraint) {
    case 'UNIQUE':
      return uniqueFailure(rest);
    case 'NOT NULL': {
      const { table, column } = splitColumn(rest);
      return { kind: 'notNull', table, column };
    }
    case 'CHECK':
      return { kind: 'check', name: rest };
    case 'FOREIGN KEY':
      return { kind: 'foreignKey' };
    default:
      return { kind: 'dataType', message };
  }
}

/** `t.a, t.b`, or `index 'name'`. */
function uniqueFailure(rest: string): SqliteFailure {
  const index = /^index '(.*)'$/s.exec(rest)?.[1];
  if (index !== undefined) return { kind: 'uniqueIndex', index };
  const parts = rest.split(', ').map(splitColumn);
  const table = parts[0]?.table ?? '';
  return { kind: 'unique', table, columns: parts.map((part) => part.column) };
}

function splitColumn(text: string): { table: string; column: string } {
  const dot = text.indexOf('.');
  return { table: text.slice(0, dot), column: text.slice(dot + 1) };
}
