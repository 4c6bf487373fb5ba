// What a leaf asks of its SQLite workers, and what they answer: one request, then one reply.

import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { WireError } from '#shared/error.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';
import type { LoggedChanges } from '#leaf/partition/apply-from.ts';
import type { CompiledStatement, WriteStep, WriteStepResult } from '#shared/wire/message.ts';

/** A partition's file as a worker opens it. */
export interface WorkerFile {
  readonly path: string;
  /** `shop_0`. */
  readonly partition: string;
  /** Of the reference tables; null where there are none. */
  readonly reference: string | null;
  /** Another one when another file has taken the place of either. */
  readonly generation: string;
}

/** `scan` and `transaction` are numbers that the leaf chooses, unique among those of a worker. */
export type WorkerRequest =
  /** Takes a snapshot for a statement and answers its first batch; `held`: the snapshot first. */
  | {
      readonly kind: 'open';
      readonly scan: number;
      readonly file: WorkerFile;
      /** Reads among this transaction's own writes; null: as of the newest commit. */
      readonly transaction: number | null;
      /** The schema that the statement was planned for. */
      readonly catalogVersion: number;
      readonly statement: CompiledStatement;
      readonly columns: readonly ColumnType[];
      readonly held: boolean;
    }
  | { readonly kind: 'next'; readonly scan: number }
  /** Ends a statement of which not everything was read. */
  | { readonly kind: 'close'; readonly scan: number }
  /** Undoes the transactions that are open in a file, and closes the idle connections to it. */
  | { readonly kind: 'forget'; readonly path: string }
  /** Begins a transaction that writes; `captures`: and notes which rows it changes. */
  | {
      readonly kind: 'begin';
      readonly transaction: number;
      readonly file: WorkerFile;
      readonly foreignKeys: boolean;
      readonly captures: boolean;
    }
  | { readonly kind: 'write'; readonly transaction: number; readonly steps: readonly WriteStep[] }
  /** Carries out a step of the schema. */
  | { readonly kind: 'define'; readonly transaction: number; readonly change: DefinitionChange }
  /** Takes in what the transaction has changed elsewhere so far. */
  | { readonly kind: 'apply'; readonly transaction: number; readonly changeset: Uint8Array }
  /** Fails unless the transaction has changed that, and nothing else. */
  | { readonly kind: 'compare'; readonly transaction: number; readonly changeset: Uint8Array }
  /** Runs statements of the transaction's frame: savepoints. */
  | { readonly kind: 'exec'; readonly transaction: number; readonly statements: readonly string[] }
  /** Answers how many bytes of changes there are, and captures no more. */
  | { readonly kind: 'changes'; readonly transaction: number }
  /** Answers that part of the changes, which were counted. */
  | {
      readonly kind: 'piece';
      readonly transaction: number;
      readonly from: number;
      readonly to: number;
    }
  /** Applies the changes that stand in a log. */
  | { readonly kind: 'apply from'; readonly transaction: number; readonly place: LogPlace }
  /** Takes back the changes of records, one after another. */
  | {
      readonly kind: 'undo';
      readonly transaction: number;
      readonly changes: readonly LoggedChanges[];
    }
  /** Runs what belongs to the same COMMIT, and commits. */
  | {
      readonly kind: 'commit';
      readonly transaction: number;
      readonly statements: readonly CompiledStatement[];
    }
  | { readonly kind: 'rollback'; readonly transaction: number };

/** `ranMs`: how long SQLite worked on the statement so far. */
export type WorkerReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'written'; readonly results: readonly WriteStepResult[] }
  | { readonly kind: 'failed'; readonly error: WireError }
  | { readonly kind: 'counted'; readonly bytes: number }
  /** The snapshot is taken, and its newest record is `lsn`. */
  | { readonly kind: 'held'; readonly lsn: LSN }
  /** `bytes`: a batch of rows as MessagePack, or the changes. */
  | {
      readonly kind: 'bytes';
      readonly done: boolean;
      readonly ranMs: number;
      readonly bytes: Uint8Array;
    };

const PLAIN = 0;
const MORE = 1;
const LAST = 2;
/** The mark, and `ranMs` as a double. */
const BYTES_HEADER = 9;

/** A reply as a frame's payload, in one piece or two. */
export function replyParts(
  reply: WorkerReply,
  encode: (value: unknown) => Uint8Array,
): readonly Uint8Array[] {
  if (reply.kind !== 'bytes') return [Uint8Array.of(PLAIN), encode(reply)];
  const header = new Uint8Array(BYTES_HEADER);
  header[0] = reply.done ? LAST : MORE;
  new DataView(header.buffer).setFloat64(1, reply.ranMs);
  return [header, reply.bytes];
}

/** The reply in a frame's payload; the bytes of rows are left as they are. */
export function readReply(
  payload: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
): WorkerReply {
  if (payload[0] === PLAIN) return decode(payload.subarray(1)) as WorkerReply;
  const ranMs = new DataView(payload.buffer, payload.byteOffset).getFloat64(1);
  const bytes = payload.subarray(BYTES_HEADER);
  return { kind: 'bytes', done: payload[0] === LAST, ranMs, bytes };
}
