// What the operators of one statement's run have in common.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { Transaction } from '#aggregator/transaction/transaction.ts';
import type { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import type { RowBatch } from '#shared/wire/message.ts';
import type { Breather } from '#aggregator/breather.ts';
import type { GatherFiles } from './gather-files.ts';
import type { GatherPlace } from './gather-place.ts';
import type { StatementValues } from './statement-values.ts';

export interface Execution {
  readonly context: AggregatorContext;
  /** The session's open transaction, or null under autocommit. */
  readonly transaction: Transaction | null;
  readonly transactions: Pick<TransactionCoordinator, 'begin' | 'groups'>;
  readonly values: StatementValues;
  /** An in-memory SQLite without tables, for expressions alone. */
  readonly scratch: SqliteFile;
  readonly gatherFiles: GatherFiles;
  /** Where this statement computes what is too much for the event loop. */
  readonly gatherPlace: GatherPlace;
  /** For what has many rows to go through. */
  readonly breather: Breather;
  /** Fires when the client is gone or somebody killed the statement. */
  readonly signal: AbortSignal;
  readonly lockWaitTimeoutMs: number;
  readonly foreignKeyChecks: boolean;
  /** Answers how to go back to the warnings that there are now, when what follows is undone. */
  markWarnings(): () => void;
  virtualRows(database: string, name: string): Promise<readonly Row[]>;
}

/** Which databases' reference tables this run's transaction has changed. */
export function ownReferences({ transaction }: Execution): (database: string) => boolean {
  return (database) => {
    return transaction !== null && transaction.takesPart({ database, ordinal: REFERENCE_ORDINAL });
  };
}

/** Rows as they come, a batch at a time: not asking for the next one is back pressure. */
export type RowBatches = AsyncIterable<readonly Row[]>;

/** The same, as they came: what is only handed on is not decoded. */
export type EncodedBatches = AsyncIterable<RowBatch, void, undefined>;
