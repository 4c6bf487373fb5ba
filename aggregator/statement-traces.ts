// What a statement leaves behind in its session: an open transaction, and ROW_COUNT().

import type { Statement } from './parser/ast.ts';
import type { Session } from './session.ts';
import type { StatementResult } from './statement-result.ts';
import { changesData, opensTransaction } from './statement-traits.ts';
import { Transaction } from './transaction/transaction.ts';
import type { TransactionCoordinator } from './transaction/transaction-coordinator.ts';
import { databaseError } from '#shared/error.ts';

/** Throws readOnlyTransaction where the statement would change something, and may not. */
export function refuseInReadOnly(session: Session, statement: Statement): void {
  if (!changesData(statement)) return;
  const { transaction } = session;
  const readOnly =
    transaction instanceof Transaction ? transaction.readOnly : nextIsReadOnly(session);
  if (readOnly) throw databaseError('readOnlyTransaction', {});
}

/** What SET TRANSACTION READ ONLY, or the session's own variable, says of the next transaction. */
export function nextIsReadOnly(session: Session): boolean {
  return session.nextReadOnly ?? session.variables.get('session', 'transaction_read_only') === 1n;
}

/** Under autocommit = 0 the first statement that reads or writes begins a transaction. */
export function openImplicitly(
  transactions: TransactionCoordinator,
  session: Session,
  statement: Statement,
): void {
  if (session.transaction !== null || session.autocommit || !opensTransaction(statement)) return;
  session.transaction = transactions.begin({ readOnly: nextIsReadOnly(session) });
  session.nextReadOnly = null;
}

/** Runs the statement, and leaves the session as the next one expects it. */
export async function remembered(
  session: Session,
  run: () => Promise<StatementResult>,
): Promise<StatementResult> {
  try {
    const result = await run();
    session.rowCount = result.kind === 'ok' ? result.affectedRows : -1;
    return result;
  } catch (error) {
    session.rowCount = -1;
    throw error;
  } finally {
    forgetEnded(session);
  }
}

/** A deadlock or a lost leaf ends a transaction from below. */
function forgetEnded(session: Session): void {
  const { transaction } = session;
  if (transaction instanceof Transaction && transaction.ended) session.transaction = null;
}
