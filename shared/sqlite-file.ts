// One SQLite database, on disk or in memory: the one door to node:sqlite.

import {
  backup,
  DatabaseSync,
  type Session,
  type SQLInputValue,
  type StatementSync,
} from 'node:sqlite';
import {
  conflictKind,
  resolutionCode,
  type ConflictKind,
  type Resolution,
} from './sqlite-conflict.ts';
import { toSqliteError } from './sqlite-error.ts';
import type { Row, StoredValue } from './sql/column-type.ts';
import type { SqlFunction } from './sql/functions/sql-function.ts';

/** Copied in one go, on another thread: each further go waits for a turn of the event loop. */
const BACKUP_PAGES = 2_000;

/** Prepared statements kept for each open file. */
const STATEMENTS_MAX = 512;
/** A longer text is compiled each time, in characters: what is kept of it is ten times its size. */
const KEPT_TEXT_MAX = 16 * 1024;

/** SQLite keeps a number for whoever uses the file: below this, in 32 bits with a sign. */
const USER_VERSION_END = 2 ** 31;

/** How long a statement waits for another connection's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/** Pages that the WAL may hold before a COMMIT checkpoints it by itself. */
const AUTOCHECKPOINT_PAGES = 16_384;

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** Pages or, when negative, KiB of page cache. SQLite's own default is -2000. */
  readonly cacheSize?: number;
  /** False: SQLite syncs nothing; the caller syncs the file before it counts. */
  readonly durable?: boolean;
  /** False: no COMMIT checkpoints by itself; somebody else does. */
  readonly checkpoints?: boolean;
  /** SQL functions that are known there; none unless given. */
  readonly functions?: readonly SqlFunction[];
}

/**
 * How INTEGERs are read. `auto`: as `number`s, and all as `bigint`s when one of the result does
 * not fit. `bigint`: always so. A statement that changes rows is always read as `bigint`.
 */
export type IntegerMode = 'auto' | 'bigint';

export interface ChangesetOptions {
  /** Answers a conflict: 'omit' leaves the row, 'replace' takes the change, 'abort' stops. */
  readonly onConflict?: (conflict: ConflictKind) => Resolution;
  /** True for the tables whose changes are applied. */
  readonly filter?: (table: string) => boolean;
}

/** Pages of a WAL. */
export interface WalLength {
  readonly written: number;
  readonly moved: number;
}

/** Captures the row changes of its connection until it is closed. */
export interface ChangeCapture {
  /** The changes since its creation, with before and after images; empty when there are none. */
  changeset(): Uint8Array;
  close(): void;
}

/** One connection. Every method throws SqliteError, or a DatabaseError of one of our functions. */
export class SqliteFile {
  readonly path: string;
  #database: DatabaseSync;
  /** In the order of last use. */
  #statements = new Map<string, StatementSync>();

  private constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
  }

  /** Opens (or creates) the file; ':memory:' is a database that dies with the connection. */
  static open(path: string, options: OpenOptions = {}): SqliteFile {
    const database = guarded(
      () =>
        new DatabaseSync(path, {
          readOnly: options.readOnly === true,
          timeout: BUSY_TIMEOUT_MS,
          enableForeignKeyConstraints: true,
          enableDoubleQuotedStringLiterals: false,
        }),
    );
    const file = new SqliteFile(path, database);
    try {
      file.#configure(options);
    } catch (error) {
      database.close();
      throw error;
    }
    return file;
  }

  #configure(options: OpenOptions): void {
    this.exec(`PRAGMA synchronous = ${options.durable === false ? 'OFF' : 'NORMAL'}`);
    if (this.path !== ':memory:' && options.readOnly !== true) {
      this.exec('PRAGMA journal_mode = WAL');
    }
    const pages = options.checkpoints === false ? 0 : AUTOCHECKPOINT_PAGES;
    this.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
    this.exec('PRAGMA trusted_schema = ON');
    if (options.cacheSize !== undefined) this.exec(`PRAGMA cache_size = ${options.cacheSize}`);
    for (const definition of options.functions ?? []) this.#register(definition);
  }

  #register(definition: SqlFunction): void {
    const { name, deterministic } = definition;
    if (definition.kind === 'scalar') {
      const options = { deterministic, useBigIntArguments: true, varargs: true };
      const call = definition.call as (...values: unknown[]) => SQLInputValue;
      this.#database.function(name, options, call);
      return;
    }
    this.#database.aggregate(name, {
      deterministic,
      useBigIntArguments: true,
      varargs: true,
      start: definition.start as () => never,
      step: definition.step as (state: unknown, ...values: unknown[]) => never,
      result: definition.result as (state: unknown) => never,
      ...(definition.inverse === undefined ? {} : { inverse: definition.inverse as () => never }),
    });
  }

  /** Runs one statement for its effect; answers the rows it changed. */
  run(sql: string, parameters: Row = []): number {
    try {
      const statement = this.#prepare(sql);
      // The answer holds the last row's id too, which may be more than a number can say.
      statement.setReadBigInts(true);
      return Number(statement.run(...parameters).changes);
    } catch (error) {
      throw toSqliteError(error);
    }
  }

  /** All rows of one statement, as arrays. */
  all(sql: string, parameters: Row = [], integers: IntegerMode = 'auto'): Row[] {
    return guarded(() => {
      const statement = this.#prepare(sql);
      const mode = isChange(sql) ? 'bigint' : integers;
      statement.setReadBigInts(mode === 'bigint');
      try {
        return statement.all(...parameters) as unknown[] as Row[];
      } catch (error) {
        if (mode === 'bigint' || !isTooLargeForNumber(error)) throw error;
        statement.setReadBigInts(true);
        return statement.all(...parameters) as unknown[] as Row[];
      }
    });
  }

  /** The first row of one statement, or null. */
  get(sql: string, parameters: Row = [], integers: IntegerMode = 'auto'): Row | null {
    return guarded(() => {
      const statement = this.#prepare(sql);
      const mode = isChange(sql) ? 'bigint' : integers;
      statement.setReadBigInts(mode === 'bigint');
      try {
        return asRow(statement.get(...parameters));
      } catch (error) {
        if (mode === 'bigint' || !isTooLargeForNumber(error)) throw error;
        statement.setReadBigInts(true);
        return asRow(statement.get(...parameters));
      }
    });
  }

  /**
   * The rows one by one. Its read snapshot lasts until the end of it. INTEGERs come as `bigint`;
   * with `cached` the statement is one of those kept, so the caller alone uses this connection
   * until the end; with `numbers` every INTEGER must fit a `number`.
   */
  *iterate(
    sql: string,
    parameters: Row = [],
    options: { readonly cached?: boolean; readonly numbers?: boolean } = {},
  ): Generator<Row, void, undefined> {
    const cached = options.cached === true;
    // Not from the cache by default: another use of the same statement would reset this one.
    const statement = guarded(() => (cached ? this.#prepare(sql) : this.#compile(sql)));
    statement.setReadBigInts(options.numbers !== true);
    const rows = guarded(() => statement.iterate(...parameters));
    try {
      for (;;) {
        const next = guarded(() => rows.next());
        if (next.done === true) return;
        const row: unknown = next.value;
        yield row as Row;
      }
    } finally {
      rows.return?.();
    }
  }

  /** All rows of a query that has few of them; INTEGERs as `iterate` reads them. */
  rows(sql: string, parameters: Row, numbers: boolean): Row[] {
    try {
      const statement = this.#prepare(sql);
      statement.setReadBigInts(!numbers);
      const rows: unknown[] = statement.all(...parameters);
      return rows as Row[];
    } catch (error) {
      throw toSqliteError(error);
    }
  }

  /** The names of the columns that a statement yields. */
  columns(sql: string): string[] {
    return guarded(() =>
      this.#prepare(sql)
        .columns()
        .map((column) => column.name),
    );
  }

  /** Runs statements that take no values, for their effect. */
  exec(sql: string): void {
    guarded(() => this.#database.exec(sql));
  }

  /** True between BEGIN (or SAVEPOINT) and its end. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Starts to capture row changes: of one table, or of all that have a primary key. */
  capture(table?: string): ChangeCapture {
    const session: Session = guarded(() =>
      this.#database.createSession(table === undefined ? {} : { table }),
    );
    return {
      changeset: () => guarded(() => session.changeset()),
      close: () => session.close(),
    };
  }

  /** Applies a changeset in a savepoint of its own: false when it was aborted and undone. */
  applyChangeset(changeset: Uint8Array, options: ChangesetOptions = {}): boolean {
    const { onConflict, filter } = options;
    return guarded(() =>
      this.#database.applyChangeset(changeset, {
        ...(filter === undefined ? {} : { filter }),
        onConflict: (code) => {
          return resolutionCode(onConflict?.(conflictKind(code)) ?? 'abort');
        },
      }),
    );
  }

  /** Writes a copy of the whole database, as of one moment, to `path`. */
  async backup(path: string): Promise<void> {
    try {
      await backup(this.#database, path, { rate: BACKUP_PAGES });
    } catch (error) {
      throw toSqliteError(error);
    }
  }

  /** Makes another file's tables visible as `name`.table. */
  attach(path: string, name: string): void {
    this.run(`ATTACH DATABASE ? AS ${quoteIdentifier(name)}`, [path]);
  }

  detach(name: string): void {
    this.#forgetStatements();
    this.exec(`DETACH DATABASE ${quoteIdentifier(name)}`);
  }

  /**
   * Moves what no reader needs of the WAL into the file. Answers how long the WAL is and how much
   * of it is there, and on disk, now: nothing where another checkpoint is at work.
   */
  checkpoint(): WalLength {
    const [busy = 1, written = 0, moved = 0] = this.get('PRAGMA wal_checkpoint(PASSIVE)') ?? [];
    return { written: Number(written), moved: Number(busy) === 0 ? Number(moved) : 0 };
  }

  /** Moves all of the WAL into the file, and leaves it empty; false where a reader needs it. */
  emptyWal(): boolean {
    const [busy = 1] = this.get('PRAGMA wal_checkpoint(TRUNCATE)') ?? [];
    return Number(busy) === 0;
  }

  /** Begins a transaction that reads, and takes its snapshot without a look at any table. */
  beginRead(): void {
    this.run('BEGIN');
    this.get('PRAGMA user_version');
  }

  /** Commits a change of the file that changes no row. */
  touch(): void {
    const [version = 0] = this.get('PRAGMA user_version') ?? [];
    this.exec(`PRAGMA user_version = ${(Number(version) + 1) % USER_VERSION_END}`);
  }

  /** How many pages the WAL has, since it was begun, and how many of them are in the file. */
  wal(): WalLength {
    const [, written = 0, moved = 0] = this.get('PRAGMA wal_checkpoint(NOOP)') ?? [];
    return { written: Number(written), moved: Number(moved) };
  }

  close(): void {
    this.#forgetStatements();
    if (this.#database.isOpen) this.#database.close();
  }

  #forgetStatements(): void {
    this.#statements.clear();
  }

  #compile(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }

  #prepare(sql: string): StatementSync {
    if (sql.length > KEPT_TEXT_MAX) return this.#compile(sql);
    let statement = this.#statements.get(sql);
    if (statement !== undefined) {
      // The order matters only where one of them must go soon.
      if (this.#statements.size <= STATEMENTS_MAX / 2) return statement;
      this.#statements.delete(sql);
    } else {
      statement = this.#compile(sql);
      if (this.#statements.size >= STATEMENTS_MAX) this.#dropOldest();
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  #dropOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }
}

/** The name in SQLite's double quotes. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A row comes as an array, which the types of node:sqlite do not say. */
function asRow(row: unknown): Row | null {
  return (row as Row | undefined) ?? null;
}

function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toSqliteError(error);
  }
}

/** Such a statement must not run twice, so its integers are read in the mode that always fits. */
function isChange(sql: string): boolean {
  if (/^\s*(?:select|values|pragma|explain)\b/i.test(sql)) return false;
  return !/^\s*with\b/i.test(sql) || /\b(?:insert|update|delete|replace)\b/i.test(sql);
}

function isTooLargeForNumber(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** A value read from a file, with INTEGERs that fit as `number`s: what travels in messages. */
export function shrinkInteger(value: StoredValue): StoredValue {
  if (typeof value !== 'bigint') return value;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}
