// The changeset of rows that are inserted as they stand, laid out by hand.
//
// A session finds out by itself what changes, and looks at each table anew in every transaction:
// that costs more than the insert of a row. An INSERT … VALUES of ours says it all beforehand:
// every column of the row is bound, and a value of its column's storage class is stored as it is.

import { encodeInserts, tableHeader } from '#shared/log/changeset-writer.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import type { ChangeCapture, SqliteFile } from '#shared/sqlite-file.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';

/** Texts of INSERTs whose shape is remembered. */
const SHAPES_MAX = 256;

type StorageClass = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB';

/** An INSERT that can be captured by hand. */
export interface InsertShape {
  /** The table's header in a changeset. */
  readonly header: Uint8Array;
  /** Of each parameter, the class that its column stores. */
  readonly classes: readonly StorageClass[];
  /** Of each column of the table, the place of its value among the parameters. */
  readonly places: readonly number[];
  /** A NULL here is not what is stored, but asks for a number. */
  readonly rowidPlace: number;
}

/** A step that inserts rows by hand's capture. */
export interface PlainInsert {
  readonly shape: InsertShape;
  readonly rows: readonly Row[];
}

const NAME = '"((?:[^"]|"")+)"';
const PLAIN_INSERT = new RegExp(
  `^INSERT INTO ${NAME} \\((${NAME}(?:, ${NAME})*)\\) VALUES \\(\\?(?:, \\?)*\\)` +
    '(?: ON CONFLICT DO NOTHING)?$',
);

/** The shapes of INSERTs in one file, as long as its schema stays. */
export class InsertShapes {
  #file: SqliteFile;
  #known = new LruCache<string, InsertShape | null>(SHAPES_MAX);

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** The schema has changed. */
  clear(): void {
    this.#known = new LruCache(SHAPES_MAX);
  }

  /** The steps as plain inserts, one for each; null when one of them is none. */
  plainInserts(steps: readonly WriteStep[]): readonly PlainInsert[] | null {
    const inserts: PlainInsert[] = [];
    for (const step of steps) {
      if (step.kind !== 'rows') return null;
      const shape = this.#known.get(step.sql, () => this.#shapeOf(step.sql));
      if (shape === null || !step.rows.every((row) => fits(shape, row))) return null;
      inserts.push({ shape, rows: step.rows });
    }
    return inserts;
  }

  #shapeOf(sql: string): InsertShape | null {
    const [, table = '', list = ''] = PLAIN_INSERT.exec(sql) ?? [];
    if (table === '') return null;
    const name = table.replaceAll('""', '"');
    const named = [...list.matchAll(/"((?:[^"]|"")+)"/g)].map(([, column = '']) =>
      column.replaceAll('""', '"'),
    );
    const columns = this.#file.all(`PRAGMA main.table_xinfo("${table}")`).map((row) => ({
      name: String(row[1]),
      storage: String(row[2]),
      keyPlace: Number(row[5]),
      hidden: Number(row[6]) !== 0,
    }));
    const places = columns.map((column) => named.indexOf(column.name));
    const whole = columns.length === named.length && !places.includes(-1);
    const keyed = columns.some(({ keyPlace }) => keyPlace > 0);
    if (!whole || !keyed || columns.some(({ hidden }) => hidden)) return null;
    const classes: StorageClass[] = [];
    for (const [index, { storage }] of columns.entries()) {
      if (!isStorageClass(storage)) return null;
      classes[places[index] ?? 0] = storage;
    }
    const keys = columns.map(({ keyPlace }) => keyPlace);
    const rowid = columns.findIndex(
      ({ keyPlace, storage }) => keyPlace > 0 && storage === 'INTEGER',
    );
    const header = tableHeader(name, keys);
    return { header, classes, places, rowidPlace: rowid < 0 ? -1 : (places[rowid] ?? -1) };
  }
}

function isStorageClass(type: string): type is StorageClass {
  return type === 'INTEGER' || type === 'REAL' || type === 'TEXT' || type === 'BLOB';
}

/** True when SQLite stores the values as they are. */
function fits({ classes, rowidPlace }: InsertShape, row: Row): boolean {
  if (row.length !== classes.length) return false;
  for (const [place, value] of row.entries()) {
    if (value === null ? place === rowidPlace : !isOf(classes[place], value)) return false;
  }
  return true;
}

function isOf(storage: StorageClass | undefined, value: StoredValue): boolean {
  switch (storage) {
    case 'INTEGER':
      return typeof value === 'bigint';
    case 'REAL':
      return typeof value === 'number' && !Number.isNaN(value) && !Object.is(value, -0);
    case 'TEXT':
      return typeof value === 'string' && value.isWellFormed();
    case 'BLOB':
      return value instanceof Uint8Array;
    default:
      return false;
  }
}

/** What has been inserted in one transaction. */
export class InsertCapture implements ChangeCapture {
  readonly #inserted = new Map<InsertShape, Row[]>();

  /** Notes the rows that a task has inserted; `results` say which of them went in. */
  add(inserts: readonly PlainInsert[], results: readonly WriteStepResult[]): void {
    for (const [step, { shape, rows }] of inserts.entries()) {
      const changes = results[step]?.changesPerRow ?? [];
      const inserted = rows.filter((_, index) => changes[index] === 1);
      const known = this.#inserted.get(shape);
      if (known === undefined) this.#inserted.set(shape, inserted);
      else known.push(...inserted);
    }
  }

  changeset(): Uint8Array {
    return encodeInserts(
      [...this.#inserted].map(([{ header, places }, rows]) => ({ header, places, rows })),
    );
  }

  close(): void {
    this.#inserted.clear();
  }
}
