// Reads of several partitions as of one moment: what each is told, what it tells, and how the short
// ones of one leaf are asked and answered by one message.

import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import type { PacketBatch, PacketFormat } from './packet-batch.ts';

/** A transaction over several partitions that has been committed. */
export interface SharedCommit {
  readonly transactionId: string;
  readonly participants: readonly number[];
}

/** Asks for a read that is one of several, over other partitions, as of one moment. */
export interface Together {
  /** The answer names the shared commits of the last so many milliseconds that it sees. */
  readonly windowMs: number;
  /** And those of these transactions that it sees. */
  readonly about: readonly string[];
}

/** What the snapshot of such a read sees. */
export interface OpenedRead {
  readonly seen: readonly SharedCommit[];
  /** How long before this answer the snapshot was taken, at the least, in milliseconds. */
  readonly agoMs: number;
}

/** One partition's rows: as packets where a format was given, else as values. */
export type PartRead = { readonly opened: OpenedRead } & (
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | ({ readonly kind: 'packets' } & PacketBatch)
);

export interface ReadTogetherCalls {
  /**
   * All rows of several partitions of this leaf, in the order of `ordinals`, from one turn of its
   * event loop. Null, and nothing has happened, where one of the reads is not short, or has to wait
   * for a verdict.
   */
  readTogether: {
    request: {
      database: string;
      ordinals: readonly number[];
      catalogVersion: number;
      statement: { readonly sql: string; readonly parameters: readonly StoredValue[] };
      columns: readonly ColumnType[];
      /** A LIMIT may be put behind the statement, to see that its rows are few. */
      mayLimit: boolean;
      lockWaitTimeoutMs: number;
      together: Together;
      format: PacketFormat | null;
    };
    reply: { parts: readonly PartRead[] | null };
  };
}
