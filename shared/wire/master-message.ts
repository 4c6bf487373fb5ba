// What the master aggregator answers to the nodes of its cluster.

import type { Address, NodeKind } from '#shared/cluster/topology.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';

/** Calls the master aggregator answers to its nodes. */
export interface MasterCalls {
  /** A node says that it is there. Its first call after the connection is trusted. */
  register: {
    request: {
      kind: NodeKind;
      /** 0 at the first start; then what the master gave it. */
      nodeId: number;
      address: Address;
      version: string;
    };
    reply: { nodeId: number; clusterId: string };
  };
  heartbeat: { request: { nodeId: number }; reply: Record<never, never> };
  /** An entry of the metadata store as it is now; null: there is none. */
  metadataGet: {
    request: { key: string };
    reply: { entry: { value: unknown; revision: number } | null };
  };
  /** Writes a sequence, as MetadataStore.put does. Other entries are the master's to write. */
  metadataPut: {
    request: { key: string; value: unknown; expected: number | null };
    reply: { revision: number | null };
  };
  /** KILL of a connection that another aggregator holds. Rejects with its refusal. */
  kill: { request: KillOrder; reply: Record<never, never> };
  /** What became of an order of `killOrders`. */
  killed: {
    request: { number: number; refusal: 'noSuchThread' | 'killDenied' | null; id: number };
    reply: Record<never, never>;
  };
  /** RELEASE_LOCK: true when it was given back, false where it is another one's, null: nobody's. */
  releaseUserLock: {
    request: { holder: number; name: string };
    reply: { released: boolean | null };
  };
  releaseUserLocks: { request: { holder: number }; reply: { count: number } };
  /** The connection that has a lock. */
  userLockHolder: { request: { name: string }; reply: { holder: number | null } };
  /** Takes back what was granted to a holder that did not hear of it: it has it so often. */
  settleUserLock: {
    request: { holder: number; name: string; count: number };
    reply: Record<never, never>;
  };
}

/** KILL: which connection, what of it, and for whom, whose right to it the holder checks. */
export interface KillOrder {
  readonly id: number;
  readonly what: 'query' | 'connection';
  readonly account: { readonly user: string; readonly host: string };
}

/** One on its way to the aggregator that holds the connection, which answers by its number. */
export interface NumberedKillOrder extends KillOrder {
  readonly number: number;
}

/** One step of the metadata store at another aggregator. */
export type MetadataItem =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: unknown;
      readonly revision: number;
    }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number }
  /** All that was there at the start has been sent. */
  | { readonly kind: 'complete' };

/** A statement that only the master aggregator may run, and the session that it came from. */
export interface ForwardedStatement {
  readonly account: { readonly user: string; readonly host: string };
  readonly peer: string;
  readonly database: string | null;
  /** The session's own system variables. */
  readonly variables: readonly (readonly [string, string | bigint | number | null])[];
  readonly userVariables: readonly (readonly [string, ColumnType, StoredValue])[];
  readonly text: string;
}

/** What a forwarded statement answers: rows or an OK, and what it did to its session. */
export type ForwardedItem =
  | { readonly kind: 'columns'; readonly columns: readonly unknown[] }
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | {
      readonly kind: 'ok';
      readonly affectedRows: number;
      readonly lastInsertId: bigint;
      readonly info: string;
    }
  | {
      readonly kind: 'session';
      readonly database: string | null;
      readonly warnings: readonly unknown[];
      /** Of the metadata store: an aggregator that has seen it sees what the statement did. */
      readonly revision: number;
    };

/** Streams the master aggregator serves to child aggregators. */
export interface MasterStreams {
  /** Every entry of the metadata store, then each change of one, for ever. */
  metadata: { request: Record<never, never>; item: MetadataItem };
  forward: { request: ForwardedStatement; item: ForwardedItem };
  /** Connections of this aggregator's that others want killed, for ever. */
  killOrders: { request: { nodeId: number }; item: NumberedKillOrder };
  /** Without items: the locks of this aggregator's clients live no longer than it. */
  userLocks: { request: { nodeId: number }; item: never };
  /** GET_LOCK: one item, when it is decided. */
  getUserLock: {
    request: { holder: number; name: string; timeoutMs: number | null };
    item: { granted: boolean };
  };
}
