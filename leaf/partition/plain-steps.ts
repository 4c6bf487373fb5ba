// Steps whose changes can be told without a session: rows inserted as they stand, and one row
// updated or deleted by its primary key.
//
// A session finds out by itself what changes, and looks at each table anew in every transaction:
// that costs more than the change of a row. These steps say it all: every column of an inserted row
// is bound, and a row that a key names can be read before and after.

import { tableHeader } from '#shared/log/changeset-writer.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import type { WriteStep } from '#shared/wire/message.ts';

/** Texts of statements whose shape is remembered. */
const SHAPES_MAX = 256;

type StorageClass = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' | 'ANY';

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

/** An UPDATE or DELETE of the one row that a primary key names. */
export interface ChangeShape {
  readonly header: Uint8Array;
  /** Of each column of the table: is it part of the key? */
  readonly isKey: readonly boolean[];
  /** The whole row; its parameters are the key's values. */
  readonly select: string;
  /** The statement that counts the rows an UPDATE matches; null for a DELETE. */
  readonly count: string | null;
}

type Statement = Extract<WriteStep, { readonly kind: 'statement' }>;

export type PlainStep =
  | {
      readonly kind: 'insert';
      readonly shape: InsertShape;
      readonly step: Extract<WriteStep, { readonly kind: 'rows' }>;
    }
  | {
      readonly kind: 'change';
      readonly shape: ChangeShape;
      readonly key: readonly StoredValue[];
      readonly step: Statement;
    };

const NAME = '"((?:[^"]|"")+)"';
const PLAIN_INSERT = new RegExp(
  `^INSERT INTO ${NAME} \\((${NAME}(?:, ${NAME})*)\\) VALUES \\(\\?(?:, \\?)*\\)` +
    '(?: ON CONFLICT DO NOTHING)?$',
);
const OF_COLUMN = `\\(${NAME}\\.${NAME} = \\?\\)`;
const BY_KEY = `WHERE \\((${OF_COLUMN}|\\(${OF_COLUMN}(?: AND ${OF_COLUMN})+\\))\\)`;
const COUNT = new RegExp(`^SELECT count\\(\\*\\) FROM ${NAME} AS ${NAME} ${BY_KEY}$`);
const DELETE = new RegExp(`^DELETE FROM ${NAME} AS ${NAME} ${BY_KEY}$`);
const ASSIGNED = new RegExp(`(?:^|, )${NAME} = `, 'g');

interface Column {
  readonly name: string;
  readonly storage: string;
  /** From 1 within the key; 0: not part of it. */
  readonly keyPlace: number;
  readonly hidden: boolean;
}

/** The shapes of statements in one file, as long as its schema stays. */
export class PlainShapes {
  #file: SqliteFile;
  #inserts = new LruCache<string, InsertShape | null>(SHAPES_MAX);
  #changes = new LruCache<string, ChangeShape | null>(SHAPES_MAX);

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** The schema has changed. */
  clear(): void {
    this.#inserts = new LruCache(SHAPES_MAX);
    this.#changes = new LruCache(SHAPES_MAX);
  }

  /**
   * The steps as plain ones; null when one of them is none. Where rows may have foreign keys, whose
   * actions change what a statement does not name, only INSERTs are.
   */
  plainSteps(steps: readonly WriteStep[], hasForeignKeys: boolean): readonly PlainStep[] | null {
    const plain: PlainStep[] = [];
    for (let at = 0; at < steps.length; at += 1) {
      const step = steps[at] as WriteStep;
      if (step.kind === 'rows') {
        const shape = this.#inserts.get(step.sql, () => this.#insertOf(step.sql));
        if (shape === null || !step.rows.every((row) => fits(shape, row))) return null;
        plain.push({ kind: 'insert', shape, step });
        continue;
      }
      const next = steps[at + 1];
      const change =
        step.returning && next?.kind === 'statement'
          ? this.#change(step, next)
          : this.#change(null, step);
      if (change === null || hasForeignKeys) return null;
      plain.push(change);
      if (change.step !== step) at += 1;
    }
    return plain;
  }

  #change(count: Statement | null, step: Statement): PlainStep | null {
    if (step.returning || !step.parameters.every(isWhole)) return null;
    const shape = this.#changes.get(step.sql, () => this.#changeOf(count?.sql ?? null, step.sql));
    if (shape === null || shape.count !== (count?.sql ?? null)) return null;
    return { kind: 'change', shape, key: (count ?? step).parameters, step };
  }

  #insertOf(sql: string): InsertShape | null {
    const [, table = '', list = ''] = PLAIN_INSERT.exec(sql) ?? [];
    if (table === '') return null;
    const named = [...list.matchAll(new RegExp(NAME, 'g'))].map(([, name = '']) => plainName(name));
    const columns = this.#columns(table);
    const places = columns.map((column) => named.indexOf(column.name));
    const whole = columns.length === named.length && !places.includes(-1);
    if (!whole || !isKeyed(columns)) return null;
    const classes: StorageClass[] = [];
    for (const [index, { storage }] of columns.entries()) {
      if (!isStorageClass(storage)) return null;
      classes[places[index] ?? 0] = storage;
    }
    const rowid = columns.findIndex(
      ({ keyPlace, storage }) => keyPlace > 0 && storage === 'INTEGER',
    );
    const rowidPlace = rowid < 0 ? -1 : (places[rowid] ?? -1);
    return { header: headerOf(table, columns), classes, places, rowidPlace };
  }

  #changeOf(count: string | null, sql: string): ChangeShape | null {
    const [found = '', table = '', alias = '', condition = ''] =
      (count === null ? DELETE : COUNT).exec(count ?? sql) ?? [];
    if (found === '') return null;
    const columns = this.#columns(table);
    const conditions = [...condition.matchAll(new RegExp(OF_COLUMN, 'g'))];
    const named = conditions.map(([, of, name = '']) => (of === alias ? plainName(name) : ''));
    const keys = columns.filter(({ keyPlace }) => keyPlace > 0).map(({ name }) => name);
    const isByKey = keys.length === named.length && keys.every((key) => named.includes(key));
    if (!isByKey || !isKeyed(columns)) return null;
    const rows = `FROM "${table}" AS "${alias}" WHERE (${condition})`;
    if (count !== null && !setsOthers(sql, { table, alias, rows, keys })) return null;
    const all = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    const isKey = columns.map(({ keyPlace }) => keyPlace > 0);
    return { header: headerOf(table, columns), isKey, select: `SELECT ${all} ${rows}`, count };
  }

  /** `table` as it stands between quotes. */
  #columns(table: string): Column[] {
    return this.#file.all(`PRAGMA main.table_xinfo("${table}")`).map((row) => ({
      name: String(row[1]),
      storage: String(row[2]),
      keyPlace: Number(row[5]),
      hidden: Number(row[6]) !== 0,
    }));
  }
}

/** True for an UPDATE of the same rows that leaves their keys alone. */
function setsOthers(
  sql: string,
  of: {
    readonly table: string;
    readonly alias: string;
    readonly rows: string;
    readonly keys: readonly string[];
  },
): boolean {
  const start = `UPDATE "${of.table}" AS "${of.alias}" SET `;
  const where = of.rows.slice(of.rows.indexOf(' WHERE '));
  const end = sql.lastIndexOf(`${where} AND (`);
  if (!sql.startsWith(start) || end < 0) return false;
  const set = sql.slice(start.length, end);
  // A name within an expression may look like one that is set: it is refused for nothing then.
  return [...set.matchAll(ASSIGNED)].every(([, name = '']) => !of.keys.includes(plainName(name)));
}

function headerOf(table: string, columns: readonly Column[]): Uint8Array {
  const keys = columns.map(({ keyPlace }) => keyPlace);
  return tableHeader(plainName(table), keys);
}

function isKeyed(columns: readonly Column[]): boolean {
  return columns.some(({ keyPlace }) => keyPlace > 0) && columns.every(({ hidden }) => !hidden);
}

function plainName(quoted: string): string {
  return quoted.replaceAll('""', '"');
}

function isStorageClass(type: string): type is StorageClass {
  return ['INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY'].includes(type);
}

/** True when SQLite stores the values as they are. */
function fits({ classes, rowidPlace }: InsertShape, row: Row): boolean {
  if (row.length !== classes.length) return false;
  for (let place = 0; place < row.length; place += 1) {
    const value = row[place] ?? null;
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
      return isWhole(value) && typeof value === 'string';
    case 'BLOB':
      return value instanceof Uint8Array;
    // An integer of 64 bits without a sign (unsigned-integer.ts).
    case 'ANY':
      return typeof value === 'bigint' || value instanceof Uint8Array;
    default:
      return false;
  }
}

/** False for a text whose bytes are not ours to know. */
function isWhole(value: StoredValue): boolean {
  return typeof value !== 'string' || value.isWellFormed();
}
