// The way of a query on one page: parse, plan, execute, hand back the rows.

import type { Session } from './session.ts';
import type { ResultColumn, StatementResult } from './statement-result.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';

/** What a prepared statement needs and gives. */
export interface PreparedShape {
  readonly parameterCount: number;
  /** Empty for a statement without rows, or whose columns only its execution can tell. */
  readonly columns: readonly ResultColumn[];
}

export interface QueryEngine {
  /**
   * The results of the statements in `text`, one after another; the next one runs when it is
   * asked for, after the rows of the one before. Throws a DatabaseError at the first that fails.
   */
  execute(
    session: Session,
    text: string,
    parameters?: readonly SourceValue[],
  ): AsyncIterable<StatementResult>;
  prepare(session: Session, text: string): Promise<PreparedShape>;
}
