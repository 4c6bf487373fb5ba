// How transactions over several partitions ended, for those who ask later: durable by the log.

import { VERDICTS_KEPT } from '#shared/cluster/verdicts-kept.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { CompiledStatement, Verdict } from '#shared/wire/message.ts';
import type { StateFile } from './state-file.ts';

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
    const isFull = this.#file.connection.get(sql, [BigInt(VERDICTS_KEPT - 1)]) !== null;
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

  /** The LSN behind which all but the newest `kept` stand; null when there are no more. */
  oldestBut(kept: number): LSN | null {
    const sql = 'SELECT lsn FROM _twinleaf_verdicts ORDER BY lsn DESC LIMIT 1 OFFSET ?';
    const row = this.#file.connection.get(sql, [BigInt(kept)], 'bigint');
    return row === null ? null : (row[0] as bigint);
  }

  /** Forgets those up to `upTo` but for `except`, within the file's transaction. */
  forget(upTo: LSN, except: readonly string[]): void {
    const holes = except.map(() => '?').join();
    const old = `lsn <= ? AND transaction_id NOT IN (${holes})`;
    this.#file.connection.run(`DELETE FROM _twinleaf_verdicts WHERE ${old}`, [upTo, ...except]);
  }

  /** Forgets all but those that are kept, within the file's transaction. */
  #forgetOldest(): void {
    const lsn = this.oldestBut(VERDICTS_KEPT);
    if (lsn !== null) this.forget(lsn, []);
  }
}
