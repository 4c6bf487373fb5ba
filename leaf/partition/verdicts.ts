// How transactions over several partitions ended, for those who ask later: durable by the log.

import type { LSN } from '#shared/log/lsn.ts';
import type { CompiledStatement, Verdict } from '#shared/wire/message.ts';
import type { StateFile } from './state-file.ts';

/**
 * Verdicts that a secondary keeps: at its promotion one log may know what another misses, and the
 * cut that is promoted is younger than these. A primary is told what it may forget.
 */
const SECONDARY_VERDICTS_MAX = 100_000;
/** A secondary looks whether it has too many after so many new ones. */
const LOOK_AFTER = 1_000;

/** The verdicts of one partition: the newest in memory, the others in its file. */
export class Verdicts {
  #file: StateFile;
  /** Since it was looked whether there are too many. */
  #flushed = 0;
  /** In the log, and not yet in the file. */
  #pending = new Map<string, { readonly verdict: Verdict; readonly lsn: LSN }>();

  constructor(file: StateFile) {
    this.#file = file;
  }

  /** A record of the log has said so. */
  note(transactionId: string, verdict: Verdict, lsn: LSN): void {
    if (!this.#pending.has(transactionId)) this.#pending.set(transactionId, { verdict, lsn });
  }

  find(transactionId: string): Verdict | null {
    const pending = this.#pending.get(transactionId);
    if (pending !== undefined) return pending.verdict;
    const sql = 'SELECT verdict FROM _twinleaf_verdicts WHERE transaction_id = ?';
    const row = this.#file.connection.get(sql, [transactionId]);
    return row === null ? null : (row[0] as Verdict);
  }

  /** Those of the transactions that have ended here; `isWhole` unless older ones are forgotten. */
  known(transactionIds: readonly string[]): {
    readonly known: string[];
    readonly isWhole: boolean;
  } {
    const sql = 'SELECT 1 FROM _twinleaf_verdicts LIMIT 1 OFFSET ?';
    const isFull = this.#file.connection.get(sql, [BigInt(VERDICTS_MAX - 1)]) !== null;
    return { known: transactionIds.filter((id) => this.find(id) !== null), isWhole: !isFull };
  }

  /** True when some are not in the file yet. */
  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Writes what is new into the file, within its transaction. */
  flush(): void {
    if (this.#pending.size === 0) return;
    for (const { sql, parameters } of this.#inserts()) this.#file.connection.run(sql, parameters);
    this.#flushed += this.#pending.size;
    this.#pending.clear();
    if (this.#flushed < LOOK_AFTER || this.#file.meta.role === 'primary') return;
    this.#flushed = 0;
    this.#forgetOldest();
  }

  /** The same for another connection's transaction; `written` is called after its COMMIT. */
  flushElsewhere(): { readonly statements: CompiledStatement[]; readonly written: () => void } {
    const ids = [...this.#pending.keys()];
    return {
      statements: this.#inserts(),
      written: () => {
        for (const id of ids) this.#pending.delete(id);
      },
    };
  }

  #inserts(): CompiledStatement[] {
    const sql = 'INSERT OR IGNORE INTO _twinleaf_verdicts VALUES (?, ?, ?)';
    return [...this.#pending].map(([id, { verdict, lsn }]) => ({
      sql,
      parameters: [id, verdict, lsn],
    }));
  }

  /** True when there is something that `forget` would forget. */
  hasUpTo(upTo: LSN): boolean {
    const sql = 'SELECT 1 FROM _twinleaf_verdicts WHERE lsn <= ? LIMIT 1';
    return this.#file.connection.get(sql, [upTo]) !== null;
  }

  /** Forgets those up to `upTo` but for `except`, within the file's transaction. */
  forget(upTo: LSN, except: readonly string[]): void {
    const holes = except.map(() => '?').join();
    const sql = `DELETE FROM _twinleaf_verdicts WHERE lsn <= ? AND transaction_id NOT IN (${holes})`;
    this.#file.connection.run(sql, [upTo, ...except]);
  }

  /** Forgets the oldest beyond the bound, within the file's transaction. */
  #forgetOldest(): void {
    const { connection } = this.#file;
    const sql = 'SELECT lsn FROM _twinleaf_verdicts ORDER BY lsn DESC LIMIT 1 OFFSET ?';
    const row = connection.get(sql, [BigInt(SECONDARY_VERDICTS_MAX)], 'bigint');
    if (row === null) return;
    connection.run('DELETE FROM _twinleaf_verdicts WHERE lsn <= ?', [row[0] as bigint]);
  }
}
