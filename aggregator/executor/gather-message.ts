// What the aggregator asks of a gather worker, and what that answers: one request, one reply.

import type { WireError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Recursion } from './recurse.ts';
import type { TableShape } from './gather-table.ts';

/** `gather` is a number that the aggregator chooses, unique among those of a worker. */
export type GatherRequest =
  /** Begins one, with its empty tables. */
  | { readonly kind: 'open'; readonly gather: number; readonly tables: readonly TableShape[] }
  /** Puts a batch of rows, as MessagePack, into one of its tables. */
  | {
      readonly kind: 'rows';
      readonly gather: number;
      readonly table: number;
      readonly encoded: Uint8Array;
    }
  /** Makes the rows of a recursion of what is in the tables. */
  | { readonly kind: 'recurse'; readonly gather: number; readonly recursion: Recursion }
  /** Runs the query over the tables, and answers its first rows. */
  | {
      readonly kind: 'run';
      readonly gather: number;
      readonly sql: string;
      readonly parameters: Row;
    }
  | { readonly kind: 'next'; readonly gather: number }
  | { readonly kind: 'close'; readonly gather: number }
  /** Closes whatever is open. */
  | { readonly kind: 'reset' };

export type GatherData =
  | { readonly kind: 'done' }
  /** A batch of rows as MessagePack; `done`: the last one. */
  | { readonly kind: 'batch'; readonly done: boolean; readonly encoded: Uint8Array };

export type GatherReply = GatherData | { readonly kind: 'failed'; readonly error: WireError };
