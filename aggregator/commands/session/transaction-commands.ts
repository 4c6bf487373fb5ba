// BEGIN, COMMIT, ROLLBACK and savepoints, and LOCK TABLES, which ends a transaction as they do.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { Session } from '#aggregator/session.ts';
import { nextIsReadOnly } from '#aggregator/statement-traces.ts';
import { ok } from '#aggregator/statement-result.ts';
import type { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import { databaseError } from '#shared/error.ts';

export interface TransactionParts {
  readonly transactions: Pick<TransactionCoordinator, 'begin'>;
  /** COMMIT RELEASE: ends the client's connection after the answer. */
  readonly disconnect: (session: Session) => void;
}

/** Commits what is open; afterwards nothing is, however it went. */
async function commitOpen(session: Session): Promise<void> {
  const { transaction } = session;
  session.transaction = null;
  await transaction?.commit();
}

async function rollbackOpen(session: Session): Promise<void> {
  const { transaction } = session;
  session.transaction = null;
  await transaction?.rollback();
}

function isReadOnly(session: Session, written: boolean | null): boolean {
  const next = nextIsReadOnly(session);
  session.nextReadOnly = null;
  return written ?? next;
}

/** COMMIT AND CHAIN begins the next one with the same traits. */
function afterEnd(
  parts: TransactionParts,
  session: Session,
  options: { readonly chain: boolean; readonly release: boolean; readonly readOnly: boolean },
): void {
  const { chain, release, readOnly } = options;
  if (chain) session.transaction = parts.transactions.begin({ readOnly });
  if (release) parts.disconnect(session);
}

function createEnd(
  parts: TransactionParts,
  end: (session: Session) => Promise<void>,
): Command<'commit' | 'rollback'> {
  return async (_context, session, { chain, release }) => {
    const open = session.transaction as { readonly readOnly?: boolean } | null;
    const readOnly = open?.readOnly === true;
    await end(session);
    afterEnd(parts, session, { chain, release, readOnly });
    return ok();
  };
}

function createBegin(parts: TransactionParts): Command<'begin'> {
  return async (_context, session, { readOnly, consistentSnapshot }) => {
    await commitOpen(session);
    session.transaction = parts.transactions.begin({ readOnly: isReadOnly(session, readOnly) });
    if (consistentSnapshot) {
      const sentence =
        'WITH CONSISTENT SNAPSHOT has no effect: every statement reads what is committed when it ' +
        'begins';
      session.warn('Warning', 1105, sentence);
    }
    return ok();
  };
}

/** Outside of a transaction a savepoint is forgotten with its statement, as in MySQL. */
function createSavepoint(
  action: 'set' | 'release' | 'rollback to',
): Command<'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint'> {
  return async (_context, session, { name }) => {
    const { transaction } = session;
    if (transaction !== null) await transaction.savepoint(action, name);
    else if (action !== 'set') throw databaseError('unknownSavepoint', { name });
    return ok();
  };
}

/** Dumps lock the tables they fill. Nothing is locked here, and a note says so. */
const lockTables: Command<'lockTables'> = async (_context, session) => {
  await commitOpen(session);
  session.warn('Note', 1105, 'LOCK TABLES has no effect: every statement locks what it writes');
  return ok();
};

const unlockTables: Command<'unlockTables'> = async () => ok();

export function createTransactionCommands(parts: TransactionParts): CommandTable {
  return {
    begin: createBegin(parts),
    commit: createEnd(parts, commitOpen),
    rollback: createEnd(parts, rollbackOpen),
    savepoint: createSavepoint('set'),
    releaseSavepoint: createSavepoint('release'),
    rollbackToSavepoint: createSavepoint('rollback to'),
    lockTables,
    unlockTables,
  };
}
