// The readers' connections: each statement reads the newest commit, and never waits for a writer.
//
// A connection in the middle of a result holds that result's snapshot, so it is lent to one
// statement at a time: every new statement sees the newest commit.
//
// To take a snapshot and to let go of it are two locks of the file, which is half of what a lookup
// by key costs. While nothing is committed, short reads share one snapshot, which is kept from one
// to the next. Kept longer, it would hold up a checkpoint: whoever begins one lets go of it.

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

/** So many short reads in a row saw the same commit: the next one's snapshot is kept. */
const SAME_READS = 4;

/** A connection lent to one statement. */
export interface Reader {
  readonly connection: SqliteFile;
  readonly attachment: Attachment;
  /** Of the file that it reads: the pool's, or an older one that was replaced. */
  readonly generation: number;
}

/** A snapshot that short reads share. */
interface KeptSnapshot {
  readonly reader: Reader;
  /** See StateFile.commits. */
  readonly commits: number;
}

/** The readers of one partition's file. */
export class ReaderPool {
  #path: string;
  #reference: ReferenceFile;
  #idle: Reader[] = [];
  #lent = new Set<Reader>();
  #generation = 0;
  #kept: KeptSnapshot | null = null;
  #mayKeep = true;
  /** What the last short read saw, and how many before it saw the same. */
  #commits: number | null = null;
  #sameReads = 0;

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
   * Lends a connection to a statement that reads no reference table, and ends in this turn of the
   * event loop: perhaps in a snapshot of others, taken when as much was committed as `commits` says
   * (see StateFile.commits).
   */
  acquireShort(commits: number | null): Reader {
    if (this.#kept !== null) {
      if (this.#kept.commits === commits) return this.#kept.reader;
      this.letGo();
    }
    this.#sameReads = commits === this.#commits ? this.#sameReads + 1 : 0;
    this.#commits = commits;
    const reader = this.acquire();
    if (commits === null || this.#sameReads < SAME_READS || !this.#mayKeep) return reader;
    this.#kept = { reader, commits };
    reader.connection.run('BEGIN');
    return reader;
  }

  /** Ends the snapshot that short reads share: the next one takes its own. */
  letGo(): void {
    const kept = this.#kept;
    this.#kept = null;
    this.#sameReads = 0;
    if (kept !== null) this.release(kept.reader);
  }

  /** Keeps no snapshot while `work` goes on. */
  async withoutKept(work: () => Promise<void>): Promise<void> {
    this.letGo();
    this.#mayKeep = false;
    try {
      await work();
    } finally {
      this.#mayKeep = true;
    }
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

  /** Takes it back; the caller has ended its result. The one that is kept stays as it is. */
  release(reader: Reader): void {
    if (reader === this.#kept?.reader || !this.#lent.delete(reader)) return;
    if (reader.connection.inTransaction) reader.connection.run('COMMIT');
    const outdated = reader.generation !== this.#generation;
    if (outdated || this.#idle.length >= IDLE_READERS_MAX) reader.connection.close();
    else this.#idle.push(reader);
  }

  /** Another file has taken the place of the old one; results under way end on the old one. */
  replaced(): void {
    this.letGo();
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
