// A client that writes rows of its own and knows, row by row, what must be there after a crash.
//
// What was answered with OK is there. What was refused has changed nothing. What was under way
// when the connection broke has happened whole or not at all.

import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { RandomInteger } from './seeded-random.ts';

/** A row's value by its id; null: no such row. */
type Change = ReadonlyMap<number, number | null>;

/** Refused for good: nothing of it has happened. */
const refusals = new Set([1062, 1205, 1213, 1264]);

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export const loadTable =
  'CREATE TABLE shop.entry (id BIGINT PRIMARY KEY, value BIGINT NOT NULL, note VARCHAR(200))';

export class LoadClient {
  readonly #login: Login;
  readonly #random: RandomInteger;
  /** The first of this client's ids. */
  readonly #base: number;
  #next = 0;
  /** What is there for certain. */
  readonly #rows = new Map<number, number>();
  /** What was under way when the connection broke. */
  #pending: Change | null = null;
  #connection: Connection | null = null;
  acknowledged = 0;
  refused = 0;
  unknown = 0;

  constructor(number: number, login: Login, random: RandomInteger) {
    this.#base = number * 1_000_000;
    this.#login = login;
    this.#random = random;
  }

  /** Writes until the connection breaks. */
  async run(): Promise<void> {
    try {
      this.#connection = await mysql.createConnection({ ...this.#login, database: 'shop' });
      this.#connection.on('error', () => undefined);
    } catch {
      return;
    }
    while (this.#pending === null) await this.#step(this.#connection);
    this.#connection.destroy();
  }

  /** Compares what is there with what must be; answers what is wrong. */
  async check(connection: Connection): Promise<string[]> {
    const range = [this.#base, this.#base + 999_999];
    const sql = 'SELECT id, value FROM shop.entry WHERE id BETWEEN ? AND ?';
    const [found] = await connection.query<RowDataPacket[]>(sql, range);
    const there = new Map(found.map((row) => [Number(row['id']), Number(row['value'])]));
    const pending = this.#pending ?? new Map<number, number | null>();
    this.#pending = null;
    const wrong: string[] = [];
    for (const id of new Set([...there.keys(), ...this.#rows.keys()])) {
      if (pending.has(id)) continue;
      const [is, must] = [there.get(id), this.#rows.get(id)];
      if (is !== must) wrong.push(`row ${id} is ${String(is)}, and must be ${String(must)}`);
    }
    const happened = [...pending].filter(([id, value]) => (there.get(id) ?? null) === value);
    const absent = [...pending].filter(([id]) => there.get(id) === this.#rows.get(id));
    if (happened.length === pending.size) this.#apply(pending);
    else if (absent.length !== pending.size) {
      wrong.push(`half of a change is there: ${JSON.stringify([...pending])}`);
    }
    return wrong;
  }

  async #step(connection: Connection): Promise<void> {
    const { statements, change, kind } = this.#choose();
    this.#pending = change;
    try {
      for (const sql of statements) await connection.query(sql);
      if (kind !== 'rollback') this.#apply(change);
      if (kind === 'refused') throw new Error(`it must be refused: ${statements.join()}`);
      this.acknowledged += 1;
      this.#pending = null;
    } catch (error) {
      const errno = error instanceof Error && 'errno' in error ? error.errno : null;
      if (typeof errno !== 'number' || !refusals.has(errno)) {
        this.unknown += 1;
        return;
      }
      this.refused += 1;
      this.#pending = null;
      if (statements.length > 1) await this.#rollback(connection);
    }
  }

  async #rollback(connection: Connection): Promise<void> {
    try {
      await connection.query('ROLLBACK');
    } catch {
      // The connection is broken, and so is the transaction.
      this.#pending = new Map();
    }
  }

  #choose(): { statements: string[]; change: Change; kind: 'write' | 'refused' | 'rollback' } {
    const dice = this.#random(100);
    if (dice < 35 || this.#rows.size < 20) return this.#insert(1);
    if (dice < 50) return this.#insert(5);
    if (dice < 70) return this.#update();
    if (dice < 78) return this.#delete();
    if (dice < 86) return this.#duplicate();
    return this.#transaction(dice >= 95);
  }

  #insert(count: number) {
    const change = new Map(Array.from({ length: count }, () => [this.#newId(), 1] as const));
    return { statements: [insertSql([...change.keys()])], change, kind: 'write' as const };
  }

  #update() {
    const id = this.#anyId();
    const value = (this.#rows.get(id) ?? 0) + 1;
    const statements = [`UPDATE entry SET value = value + 1 WHERE id = ${id}`];
    return { statements, change: new Map([[id, value]]), kind: 'write' as const };
  }

  #delete() {
    const id = this.#anyId();
    const statements = [`DELETE FROM entry WHERE id = ${id}`];
    return { statements, change: new Map([[id, null]]), kind: 'write' as const };
  }

  /** New rows and one that is there already: all of them are refused. */
  #duplicate() {
    const ids = [this.#newId(), this.#newId(), this.#anyId()];
    return { statements: [insertSql(ids)], change: new Map(), kind: 'refused' as const };
  }

  #transaction(rollback: boolean) {
    const [a, b, c] = [this.#newId(), this.#newId(), this.#anyId()];
    const value = (this.#rows.get(c) ?? 0) + 10;
    const update = `UPDATE entry SET value = ${value} WHERE id = ${c}`;
    const statements = ['BEGIN', insertSql([a]), update, insertSql([b])];
    const none: Change = new Map();
    if (rollback) {
      return { statements: [...statements, 'ROLLBACK'], change: none, kind: 'rollback' as const };
    }
    const change: Change = new Map([
      [a, 1],
      [b, 1],
      [c, value],
    ]);
    return { statements: [...statements, 'COMMIT'], change, kind: 'write' as const };
  }

  #apply(change: Change): void {
    for (const [id, value] of change) {
      if (value === null) this.#rows.delete(id);
      else this.#rows.set(id, value);
    }
  }

  #newId(): number {
    this.#next += 1;
    return this.#base + this.#next;
  }

  #anyId(): number {
    const ids = [...this.#rows.keys()];
    return ids[this.#random(ids.length)] ?? this.#base;
  }
}

function insertSql(ids: readonly number[]): string {
  const rows = ids.map((id) => `(${id}, 1, 'note ${id} ${'.'.repeat(id % 100)}')`);
  return `INSERT INTO entry (id, value, note) VALUES ${rows.join(', ')}`;
}
