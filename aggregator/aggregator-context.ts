// The parts of an aggregator that statements need, made once by main.ts and handed down.

import type { LeafService } from '#shared/wire/message.ts';
import type { NodeDescription } from '#shared/cluster/topology.ts';
import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { DatabaseDefinition } from './metadata/database-definition.ts';

/** The leaves, by node id, whether they live in this process or far away. */
export interface LeafDirectory {
  nodes(): readonly NodeDescription[];
  /** Throws leafUnreachable when the id is unknown; calls reject with it when it is away. */
  leaf(nodeId: number): LeafService;
  isOnline(nodeId: number): boolean;
  /** True of a leaf that is being removed: nothing new is placed there. */
  isLeaving(nodeId: number): boolean;
}

/** Databases and tables, one version at a time (metadata/catalog.ts). */
export interface CatalogReader {
  databases(): readonly DatabaseDefinition[];
  /** Throws unknownDatabase. */
  database(name: string): DatabaseDefinition;
  /**
   * After a task was refused with catalogMismatch: resolves when the catalog may have moved on
   * (a secondary: asks the leaves for the schema they have reached), or after a short wait.
   */
  refresh(name: string): Promise<void>;
}

/** AUTO_INCREMENT numbers and hidden keys (metadata/sequences.ts). */
export interface Sequences {
  /** The first of `count` consecutive numbers, for ever this table's own. */
  allocate(database: string, tableId: number, count: number): bigint | Promise<bigint>;
  /** None of these numbers was written: they are given anew, unless others were given since. */
  giveBack(database: string, tableId: number, first: bigint, count: number): void;
  /** A client wrote `value` itself: later numbers are above it. */
  observe(database: string, tableId: number, value: bigint): Promise<void>;
}

/** The locks of GET_LOCK: the cluster's, whichever aggregator a client came to. */
export interface UserLocks {
  /**
   * True when connection `holder` has the lock, once more if it had it; false when `timeoutMs`
   * (null: none) have passed. Throws userLockDeadlock and, when `signal` fires, queryInterrupted.
   */
  acquire(request: UserLockRequest, signal: AbortSignal): Promise<boolean>;
  /** True: given back once. False: another one's. Null: nobody's. */
  release(holder: number, name: string): Promise<boolean | null>;
  /** How often locks were held that are nobody's now. */
  releaseAll(holder: number): Promise<number>;
  /** The connection that has it, or null. */
  holderOf(name: string): Promise<number | null>;
}

export interface UserLockRequest {
  /** A connection id. */
  readonly holder: number;
  /** In lower case. */
  readonly name: string;
  readonly timeoutMs: number | null;
}

export interface AggregatorContext {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly catalog: CatalogReader;
  readonly sequences: Sequences;
  readonly leaves: LeafDirectory;
  readonly userLocks: UserLocks;
  readonly clock: Clock;
  readonly logger: Logger;
}
