// Which statements are short enough for the event loop, and which a worker must run.
//
//     a long text, or many values: compiling it takes long → a worker
//     no loop: a lookup by whole keys                      → here
//     loops over tables that are small, all together       → here
//     counts all rows of a table of a file of few pages    → here, and timed
//     was short the last times, with values no further apart → here, and timed
//     anything else                                        → a worker, and timed there

import type { Clock } from '#shared/clock.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { keyLookup, shapeOf, type StatementShape } from './statement-shape.ts';

/** Rows that a statement may go through on the event loop when its tables are small. */
const ROWS_MAX = 10_000;
/** A statement with more is not even compiled on the event loop: SQLite takes its time with it. */
const CHARACTERS_MAX = 16 * 1024;
const PARAMETERS_MAX = 1_000;
/**
 * To count all rows SQLite looks at pages, not at rows: some 0.5 µs each, and a few times that when
 * they come from the disk.
 */
const COUNTED_PAGES_MAX = 2_000;
/** A table is counted up to here. */
const COUNTED_ROWS_MAX = 2_000;
/** A count of a small table holds so long, in milliseconds; that of a large one longer. */
const SMALL_COUNT_MS = 100;
const LARGE_COUNT_MS = 30_000;
/** A statement that took less in a worker may run on the event loop the next time. */
const SHORT_MS = 1;
/** One that took more on the event loop goes to a worker again. */
const LONG_MS = 3;
/** Nobody waits for the processor that long. */
const SURELY_LONG_MS = 50;
/** How often a statement must have been short after it was long; doubled each time. */
const TRUST_AFTER_LONG = 8;
/** Statements and tables remembered. */
const KNOWN_MAX = 1024;

/** `key`: it is short. `timed`: it was. `long`: nobody can say. */
export type StatementCost = 'key' | 'timed' | 'long';

/** What is known of one SQL text. */
interface Known {
  /** With a LIMIT behind it, once that was asked for. */
  limited: string | null;
  readonly shape: StatementShape;
  /** The schema that it was compiled for. */
  readonly catalogVersion: number;
  /** The widest span of values with which it was short; -1: it never was. */
  span: number;
  /** Short runs that are missing until it is trusted. */
  missing: number;
  /** True where it took long by the clock the last time. */
  isSuspect: boolean;
  /** What `missing` becomes when it is long again. */
  penalty: number;
}

interface Counted {
  /** Infinity: more than COUNTED_ROWS_MAX. */
  readonly rows: number;
  readonly untilMs: number;
}

/** The statements of one partition. */
export class StatementCosts {
  #clock: Clock;
  #known = new Map<string, Known>();
  #counts = new Map<string, Counted>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What a statement will cost. One that SQLite cannot compile is short: it only fails. */
  of(
    connection: SqliteFile,
    statement: { readonly sql: string; readonly parameters: readonly StoredValue[] },
    catalogVersion: number,
  ): StatementCost {
    const { sql, parameters } = statement;
    if (sql.length > CHARACTERS_MAX || parameters.length > PARAMETERS_MAX) return 'long';
    const known = this.#know(connection, sql, catalogVersion);
    if (known.shape === keyLookup) return 'key';
    if (this.#rowsOf(connection, known.shape) <= ROWS_MAX) return 'key';
    if (known.missing > 0) return 'long';
    const isShort = spanOf(parameters) <= known.span || isShortCount(connection, known.shape);
    return isShort ? 'timed' : 'long';
  }

  /**
   * Runs it on the event loop. What took long by the clock may only have waited for the processor:
   * the next time its processor time is looked at, which costs more than to look at a clock.
   */
  timed<T>(sql: string, run: () => T): T {
    const known = this.#known.get(sql);
    if (known?.isSuspect === true) {
      known.isSuspect = false;
      const started = process.threadCpuUsage();
      const answer = run();
      const { user, system } = process.threadCpuUsage(started);
      this.ranHere(sql, (user + system) / 1000);
      return answer;
    }
    const startedMs = this.#clock.monotonicMs();
    const answer = run();
    const tookMs = this.#clock.monotonicMs() - startedMs;
    if (tookMs > SURELY_LONG_MS) this.ranHere(sql, tookMs);
    else if (tookMs > LONG_MS && known !== undefined) known.isSuspect = true;
    return answer;
  }

  /** The statement with `limit` behind it: one and the same string, by which it is found again. */
  limited(sql: string, limit: string): string {
    const known = this.#known.get(sql);
    return known === undefined ? sql + limit : (known.limited ??= sql + limit);
  }

  /** It ran on the event loop for so long. */
  ranHere(sql: string, ms: number): void {
    const known = this.#known.get(sql);
    if (known === undefined || ms <= LONG_MS) return;
    known.missing = known.penalty;
    known.penalty = Math.min(known.penalty * 2, Number.MAX_SAFE_INTEGER);
  }

  /** It ran in a worker for so long. */
  ranElsewhere(sql: string, parameters: readonly StoredValue[], ms: number): void {
    const known = this.#known.get(sql);
    if (known === undefined || ms > SHORT_MS) return;
    known.span = Math.max(known.span, spanOf(parameters));
    if (known.missing > 0) known.missing -= 1;
  }

  #know(connection: SqliteFile, sql: string, catalogVersion: number): Known {
    const found = this.#known.get(sql);
    if (found !== undefined && found.catalogVersion === catalogVersion) return found;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const fresh = {
      limited: null,
      catalogVersion,
      span: -1,
      missing: 0,
      isSuspect: false,
      penalty: TRUST_AFTER_LONG,
    };
    const known: Known = { shape: tryShape(connection, sql), ...fresh };
    this.#known.set(sql, known);
    return known;
  }

  /** The rows that it can go through at most, as far as they were counted. */
  #rowsOf(connection: SqliteFile, { loops }: StatementShape): number {
    let rows = 1;
    for (const table of loops) {
      if (table === null) return Infinity;
      rows *= Math.max(1, this.#count(connection, table));
      if (rows > ROWS_MAX) return Infinity;
    }
    return rows;
  }

  #count(connection: SqliteFile, table: string): number {
    const nowMs = this.#clock.monotonicMs();
    const counted = this.#counts.get(table);
    if (counted !== undefined && counted.untilMs > nowMs) return counted.rows;
    if (this.#counts.size >= KNOWN_MAX) this.#counts.clear();
    const sql = `SELECT count(*) FROM (SELECT 1 FROM ${table} LIMIT ${COUNTED_ROWS_MAX + 1})`;
    const found = Number(connection.get(sql)?.[0]);
    const small = found <= COUNTED_ROWS_MAX;
    const untilMs = nowMs + (small ? SMALL_COUNT_MS : LARGE_COUNT_MS);
    this.#counts.set(table, { rows: small ? found : Infinity, untilMs });
    return small ? found : Infinity;
  }
}

/** No worker must start for the first COUNT(*) of a table that is not large. */
function isShortCount(connection: SqliteFile, { counts }: StatementShape): boolean {
  if (counts === null) return false;
  return Number(connection.get(`PRAGMA ${counts}.page_count`)?.[0]) <= COUNTED_PAGES_MAX;
}

function tryShape(connection: SqliteFile, sql: string): StatementShape {
  try {
    return shapeOf(connection, sql);
  } catch {
    return keyLookup;
  }
}

/** How far apart the numbers among the values are: the width of a range, among other things. */
function spanOf(parameters: readonly StoredValue[]): number {
  let low = Infinity;
  let high = -Infinity;
  for (const value of parameters) {
    if (typeof value !== 'bigint' && typeof value !== 'number') continue;
    const number = Number(value);
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return high > low ? high - low : 0;
}
