// The metadata store in one SQLite file, durable at every answer, readable by its owner alone.

import { closeSync, openSync } from 'node:fs';
import { Subject, type Observable } from 'rxjs';
import { must } from '#shared/assert.ts';
import { decode, encode } from '#shared/codec.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import type { Row } from '#shared/sql/column-type.ts';
import {
  changesUnder,
  type MetadataChange,
  type MetadataEntry,
  type MetadataStore,
} from './metadata-store.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS entry (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, revision INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counter (revision INTEGER NOT NULL);
  INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
`;

/** Invariant: watchers are told after the change is on disk, in the order of the revisions. */
export class SqliteMetadataStore implements MetadataStore {
  readonly #file: SqliteFile;
  readonly #changes = new Subject<MetadataChange>();

  private constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Opens (or makes) the file at `path`. */
  static open(path: string): SqliteMetadataStore {
    // SQLite gives its WAL the permissions of the file, so it is made with ours first.
    closeSync(openSync(path, 'a', 0o600));
    const file = SqliteFile.open(path);
    file.exec('PRAGMA synchronous = FULL');
    file.exec(schema);
    return new SqliteMetadataStore(file);
  }

  async get(key: string): Promise<MetadataEntry | null> {
    return this.#get(key);
  }

  async list(prefix: string): Promise<readonly MetadataEntry[]> {
    const sql = 'SELECT key, value, revision FROM entry WHERE substr(key, 1, ?) = ? ORDER BY key';
    return this.#file.all(sql, [BigInt(prefix.length), prefix]).map(toEntry);
  }

  async put(key: string, value: unknown, expected?: number): Promise<number | null> {
    const bytes = encode(value);
    const revision = this.#change(key, expected, (next) => {
      const sql = 'INSERT OR REPLACE INTO entry (key, value, revision) VALUES (?, ?, ?)';
      this.#file.run(sql, [key, bytes, BigInt(next)]);
    });
    if (revision === null) return null;
    // The value itself: it is plain data that nobody changes, and decoding it again takes long.
    this.#changes.next({ kind: 'put', entry: { key, value, revision } });
    return revision;
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    const revision = this.#change(key, expected, () => {
      this.#file.run('DELETE FROM entry WHERE key = ?', [key]);
    });
    if (revision === null) return false;
    this.#changes.next({ kind: 'delete', key, revision });
    return true;
  }

  async watch(prefix: string): Promise<Observable<MetadataChange>> {
    return changesUnder(this.#changes, prefix);
  }

  async close(): Promise<void> {
    this.#changes.complete();
    this.#file.close();
  }

  #get(key: string): MetadataEntry | null {
    const row = this.#file.get('SELECT key, value, revision FROM entry WHERE key = ?', [key]);
    return row === null ? null : toEntry(row);
  }

  /** 0 where there is no entry. */
  #revisionOf(key: string): number {
    return Number(this.#file.get('SELECT revision FROM entry WHERE key = ?', [key])?.[0] ?? 0);
  }

  /** One transaction; null, and nothing done, when the revision is not the expected one. */
  #change(
    key: string,
    expected: number | undefined,
    write: (revision: number) => void,
  ): number | null {
    this.#file.exec('BEGIN IMMEDIATE');
    try {
      const current = this.#revisionOf(key);
      if (expected !== undefined && expected !== current) {
        this.#file.exec('ROLLBACK');
        return null;
      }
      this.#file.exec('UPDATE counter SET revision = revision + 1');
      const revision = Number(must(this.#file.get('SELECT revision FROM counter'))[0]);
      write(revision);
      this.#file.exec('COMMIT');
      return revision;
    } catch (error) {
      if (this.#file.inTransaction) this.#file.exec('ROLLBACK');
      throw error;
    }
  }
}

function toEntry(row: Row): MetadataEntry {
  const [key, value, revision] = row;
  return { key: String(key), value: decode(value as Uint8Array), revision: Number(revision) };
}
