// The readers' connections: each statement reads the newest commit, and never waits for a writer.
//
// A connection in the middle of a result holds that result's snapshot, so it is lent to one
// statement at a time: every new statement sees the newest commit.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { Attachment, ReferenceFile } from './reference-file.ts';

/** Connections kept open while nobody reads. */
const IDLE_READERS_MAX = 8;
/** Results of one partition that may be under way at once. */
const READERS_MAX = 1024;

/** A connection lent to one statement. */
export interface Reader {
  readonly connection: SqliteFile;
  readonly attachment: Attachment;
  /** Of the file that it reads: the pool's, or an older one that was replaced. */
  readonly generation: number;
}

/** The readers of one partition's file. */
export class ReaderPool {
  #path: string;
  #reference: ReferenceFile;
  #idle: Reader[] = [];
  #lent = new Set<Reader>();
  #generation = 0;

  constructor(path: string, reference: ReferenceFile) {
    this.#path = path;
    this.#reference = reference;
  }

  /** Lends a connection that is not in a transaction. */
  acquire(): Reader {
    const reader = this.#idle.pop() ?? this.#open();
    reader.attachment.refresh();
    this.#lent.add(reader);
    return reader;
  }

  /**
   * Takes the snapshot that the reader's statement will see, whatever is committed before it
   * begins; answers its newest record.
   */
  pin({ connection }: Reader): LSN {
    connection.run('BEGIN');
    const [lsn] = must(connection.get('SELECT lsn FROM _twinleaf_meta', [], 'bigint'));
    return lsn as bigint;
  }

  /** Takes it back; the caller has ended its result. */
  release(reader: Reader): void {
    if (!this.#lent.delete(reader)) return;
    if (reader.connection.inTransaction) reader.connection.run('COMMIT');
    const outdated = reader.generation !== this.#generation;
    if (outdated || this.#idle.length >= IDLE_READERS_MAX) reader.connection.close();
    else this.#idle.push(reader);
  }

  /** Another file has taken the place of the old one; results under way end on the old one. */
  replaced(): void {
    this.#generation += 1;
    for (const reader of this.#idle.splice(0)) reader.connection.close();
  }

  /** Closes all connections; results under way end with an error. */
  close(): void {
    this.replaced();
    for (const reader of this.#lent) reader.connection.close();
    this.#lent.clear();
  }

  #open(): Reader {
    if (this.#lent.size >= READERS_MAX) throw databaseError('tooManyConnections', {});
    const connection = openWithFunctions(this.#path, { readOnly: true });
    const attachment = this.#reference.attachment(connection);
    return { connection, attachment, generation: this.#generation };
  }
}
