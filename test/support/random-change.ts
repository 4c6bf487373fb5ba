// Random changes of a few tables: the same seed, the same statements.

import type { RandomInteger } from './seeded-random.ts';

type Kind =
  'key' | 'number' | 'unique' | 'parent' | 'text' | 'name' | 'decimal' | 'date' | 'choice';

interface Table {
  readonly name: string;
  readonly definition: string;
  /** Its rows are told apart by these. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, Kind>>;
}

/** Tables of every spread, with keys of every kind, and foreign keys between them. */
const tables: readonly Table[] = [
  {
    name: 'plain',
    definition: 'id INT PRIMARY KEY, k INT, s VARCHAR(10), d DECIMAL(8,2), t DATE',
    key: ['id'],
    columns: { id: 'key', k: 'number', s: 'text', d: 'decimal', t: 'date' },
  },
  {
    name: 'pair',
    definition:
      'pid INT, n INT, k INT, s VARCHAR(10), PRIMARY KEY (pid, n), UNIQUE (pid, k), ' +
      'SHARD KEY (pid)',
    key: ['pid', 'n'],
    columns: { pid: 'key', n: 'key', k: 'number', s: 'text' },
  },
  {
    name: 'place',
    definition: 'id INT PRIMARY KEY, place INT NOT NULL UNIQUE, s VARCHAR(10)',
    key: ['id'],
    columns: { id: 'key', place: 'unique', s: 'text' },
  },
  {
    name: 'named',
    definition: 'name VARCHAR(10) PRIMARY KEY, k INT UNIQUE, e ENUM("a", "b", "c")',
    key: ['name'],
    columns: { name: 'name', k: 'number', e: 'choice' },
  },
  {
    name: 'everywhere',
    definition: 'k INT PRIMARY KEY, s VARCHAR(10)',
    key: ['k'],
    columns: { k: 'key', s: 'text' },
  },
  {
    name: 'child',
    definition:
      'id INT PRIMARY KEY, place INT, next INT, k INT, CONSTRAINT c CHECK (k <> 7), ' +
      'CONSTRAINT p FOREIGN KEY (place) REFERENCES place (id) ON DELETE CASCADE, ' +
      'CONSTRAINT o FOREIGN KEY (next) REFERENCES place (id) ON DELETE SET NULL',
    key: ['id'],
    columns: { id: 'key', place: 'parent', next: 'parent', k: 'number' },
  },
  {
    name: 'computed',
    definition: 'id INT PRIMARY KEY, k INT, twice INT AS (k * 2) STORED, t DATE, KEY (twice)',
    key: ['id'],
    columns: { id: 'key', k: 'number', t: 'date' },
  },
];

const words = ['ash', 'Birch', 'birch', 'cedar', 'ELM', 'elm ', 'élm', 'oak', ''];

/** CREATE TABLE for each. */
export const changedTables: readonly string[] = tables.map(({ name, definition }) => {
  return `CREATE ${name === 'everywhere' ? 'REFERENCE ' : ''}TABLE ${name} (${definition})`;
});

/** Selects all there is, a query for each table. */
export const changedRows: readonly string[] = tables.map(({ name, key }) => {
  return `SELECT * FROM ${name} ORDER BY ${key.join(', ')}`;
});

/** Answers the next statement each time it is called. */
export function randomChanges(dice: RandomInteger): () => string {
  const statements = new RandomChanges(dice);
  return () => statements.next();
}

class RandomChanges {
  readonly #dice: RandomInteger;

  constructor(dice: RandomInteger) {
    this.#dice = dice;
  }

  next(): string {
    const table = this.#pick(tables);
    switch (this.#dice(12)) {
      case 0:
      case 1:
      case 2:
        return this.#insert(table);
      case 3:
        return this.#insertSelect(table);
      case 4:
      case 5:
      case 6:
        return this.#update(table);
      case 7:
        return `DELETE FROM ${table.name}${this.#where(table)}`;
      case 8:
        return `DELETE FROM ${table.name}${this.#where(table)}${this.#order(table)} LIMIT 3`;
      case 9:
        return this.#joined(table);
      case 10:
        return this.#pick(['BEGIN', 'COMMIT', 'COMMIT', 'ROLLBACK', 'BEGIN']);
      default:
        return this.#pick(['SAVEPOINT a', 'SAVEPOINT b', 'ROLLBACK TO a', 'RELEASE SAVEPOINT a']);
    }
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#dice(list.length)] as T;
  }

  #is(oneIn: number): boolean {
    return this.#dice(oneIn) === 0;
  }

  #literal(kind: Kind): string {
    const dice = this.#dice;
    if (!['key', 'unique', 'name'].includes(kind) && this.#is(9)) return 'NULL';
    switch (kind) {
      case 'key':
        return String(1 + dice(18));
      case 'unique':
        return String(dice(25));
      case 'parent':
        return String(1 + dice(18));
      case 'number':
        return String(dice(14) - 2);
      case 'text':
      case 'name':
        return `'${this.#pick(words)}'`;
      case 'decimal':
        return String((dice(2000) - 500) / 100);
      case 'date':
        return `'2024-0${1 + dice(3)}-1${dice(10)}'`;
      case 'choice':
        return `'${this.#pick(['a', 'b', 'c'])}'`;
    }
  }

  #computed(column: string, kind: Kind): string {
    if (this.#is(2)) return this.#literal(kind);
    switch (kind) {
      case 'text':
      case 'name':
        return this.#pick([`UPPER(${column})`, `LEFT(${column}, 2)`, `REVERSE(${column})`]);
      case 'date':
        return `${column} + INTERVAL ${this.#dice(40)} DAY`;
      case 'choice':
        return column;
      default:
        return this.#pick([
          `${column} + 1`,
          `${column} - 1`,
          `COALESCE(${column}, 3)`,
          `IF(${column} > 5, ${column} - 5, ${column} + 5)`,
        ]);
    }
  }

  #condition(table: Table): string {
    const [column, kind] = this.#pick(Object.entries(table.columns));
    const value = () => this.#literal(kind);
    switch (this.#dice(7)) {
      case 0:
        return `${column} IS ${this.#is(2) ? 'NOT ' : ''}NULL`;
      case 1:
        return `${column} IN (${value()}, ${value()}, ${value()})`;
      case 2:
        return `NOT (${column} < ${value()})`;
      case 3:
        return `(${this.#condition(table)} OR ${this.#condition(table)})`;
      case 4:
        return `${column} BETWEEN ${value()} AND ${value()}`;
      default:
        return `${column} ${this.#pick(['=', '<>', '<', '>=', '<=>'])} ${value()}`;
    }
  }

  #where(table: Table): string {
    if (this.#is(5)) return '';
    return ` WHERE ${this.#condition(table)}${this.#is(3) ? ` AND ${this.#condition(table)}` : ''}`;
  }

  #order({ key }: Table): string {
    return ` ORDER BY ${key.map((column) => column + (this.#is(2) ? ' DESC' : '')).join(', ')}`;
  }

  #update(table: Table): string {
    const rows = `${this.#where(table)}${this.#order(table)}`;
    return `UPDATE ${table.name} SET ${this.#assignments(table)}${rows}`;
  }

  #assignments({ columns, key }: Table): string {
    const isChanged = (column: string): boolean => !key.includes(column);
    const choices = Object.entries(columns).filter(([column]) => isChanged(column));
    const chosen = new Map([this.#pick(choices), this.#pick(choices)]);
    return [...chosen]
      .map(([column, kind]) => `${column} = ${this.#computed(column, kind)}`)
      .join(', ');
  }

  #insert({ name, columns }: Table): string {
    const row = () => `(${Object.values(columns).map((kind) => this.#literal(kind))})`;
    const rows = Array.from({ length: 1 + this.#dice(5) }, row).join(', ');
    const verb = this.#pick(['INSERT', 'INSERT', 'INSERT IGNORE', 'REPLACE']);
    const into = `${verb} INTO ${name} (${Object.keys(columns).join(', ')}) VALUES ${rows}`;
    if (verb !== 'INSERT' || !this.#is(3) || columns['s'] === undefined) return into;
    const value = this.#is(2) ? 'VALUES(s)' : this.#computed('s', 'text');
    return `${into} ON DUPLICATE KEY UPDATE s = ${value}`;
  }

  #insertSelect(table: Table): string {
    const verb = this.#pick(['INSERT', 'INSERT IGNORE', 'REPLACE']);
    const from = this.#pick(tables.filter(({ key }) => key.length === 1 && key[0] !== 'name'));
    const key = from.key.join();
    const rows = `FROM ${from.name}${this.#where(from)}${this.#order(from)}`;
    if (table.name === 'place') {
      return `${verb} INTO place (id, place) SELECT ${key}, ${key} + 3 ${rows}`;
    }
    if (table.name === 'named') {
      return `${verb} INTO named (name, k) SELECT CONCAT('n', ${key}), ${key} ${rows}`;
    }
    return `${verb} INTO plain (id, k) SELECT ${key} + 4, ${key} ${rows}`;
  }

  #joined(table: Table): string {
    const other = this.#pick(tables.filter((one) => one !== table && one.key[0] !== 'name'));
    const [column, kind] = this.#pick(
      Object.entries(table.columns).filter(([name]) => !table.key.includes(name)),
    );
    const on = table.name === 'named' ? 'x.k' : `x.${table.key[0]}`;
    const join = `${table.name} AS x JOIN ${other.name} AS y ON ${on} = y.${other.key[0]}`;
    if (this.#is(2)) return `DELETE x FROM ${join} WHERE y.${other.key[0]} > ${this.#dice(12)}`;
    const value = kind === 'unique' ? 'x.place' : this.#literal(kind);
    return `UPDATE ${join} SET x.${column} = ${value} WHERE y.${other.key[0]} > ${this.#dice(12)}`;
  }
}
