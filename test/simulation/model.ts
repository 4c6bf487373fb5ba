// What a partition must hold, told by its log alone: an independent reading of the records, without
// SQLite, against which the rows of every copy are held.

import { readChangeset } from '#shared/log/changeset.ts';
import type { LogRecord } from '#shared/log/log-record.ts';

type Rows = Map<string, bigint>;

export type Verdict = 'commit' | 'abort' | null;

/** The rows of the table `account` by id, record after record. */
export class PartitionModel {
  readonly rows: Rows = new Map();
  readonly verdicts = new Map<string, Verdict>();
  #prepared: Extract<LogRecord['payload'], { kind: 'prepare' }> | null = null;

  /** Of the transaction that waits for its verdict; null where none does. */
  get prepared(): { readonly participants: readonly number[] } | null {
    return this.#prepared;
  }

  /** The next record of the log. */
  take({ payload }: LogRecord): void {
    switch (payload.kind) {
      case 'rows':
        this.#apply(payload.changeset);
        return;
      case 'prepare':
        this.#prepared = payload;
        this.verdicts.set(payload.transactionId, null);
        return;
      case 'commit':
      case 'abort':
        this.#decide(payload.transactionId, payload.kind);
        return;
      case 'definition':
      case 'term':
        return;
    }
  }

  copy(): PartitionModel {
    const copy = new PartitionModel();
    for (const [id, balance] of this.rows) copy.rows.set(id, balance);
    for (const [id, verdict] of this.verdicts) copy.verdicts.set(id, verdict);
    copy.#prepared = this.#prepared;
    return copy;
  }

  #decide(transactionId: string, verdict: 'commit' | 'abort'): void {
    const prepared = this.#prepared;
    this.verdicts.set(transactionId, verdict);
    if (prepared?.transactionId !== transactionId) return;
    if (verdict === 'commit') this.#apply(prepared.changeset);
    this.#prepared = null;
  }

  /** The rows as one text, to be compared. */
  text(): string {
    return rowsText(this.rows);
  }

  #apply(changeset: Uint8Array): void {
    for (const { table, operation, before, after } of readChangeset(changeset)) {
      if (table !== 'account') continue;
      const id = String(before?.[0] ?? after?.[0]);
      if (operation === 'delete') this.rows.delete(id);
      else if (after?.[1] !== undefined) this.rows.set(id, BigInt(after[1] as bigint));
    }
  }
}

export function rowsText(rows: ReadonlyMap<string, bigint>): string {
  return [...rows]
    .map(([id, balance]) => `${id}:${balance}`)
    .toSorted()
    .join(' ');
}
