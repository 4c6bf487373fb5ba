// REPLICATE DATABASE, PAUSE, CONTINUE and STOP REPLICATING; what of them is not there yet, by name.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { checkDatabaseName } from '#aggregator/commands/definition/database-commands.ts';
import type { ReplicationController } from '#aggregator/replication/replication-controller.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';

/** These statements end the transaction before them, as DDL does. */
async function endTransaction(session: Session): Promise<void> {
  const { transaction } = session;
  session.transaction = null;
  await transaction?.commit();
}

/** What a statement has done, where SHOW WARNINGS finds it. */
function note(session: Session, sentences: readonly string[]): void {
  for (const sentence of sentences) session.warn('Note', 1105, sentence);
}

/** The family of these commands. */
export function replicationCommands(controller: ReplicationController): CommandTable {
  const replicate: Command<'replicateDatabase'> = async (_context, session, statement) => {
    const { database, forceDifferential, partitions, primary } = statement;
    if (partitions !== null) {
      throw databaseError('unsupported', { what: 'REPLICATE DATABASE … WITH PARTITIONS' });
    }
    checkDatabaseName(database);
    await endTransaction(session);
    const { host, port, user, password, remoteDatabase } = primary;
    const login = { host, port, user, password, database: remoteDatabase };
    if (forceDifferential) note(session, await controller.failBack(database, login));
    else await controller.replicate(database, login);
    return ok(1);
  };
  const pause: Command<'pauseReplicating'> = async (_context, session, { database }) => {
    await endTransaction(session);
    await controller.pause(database);
    return ok(1);
  };
  const resume: Command<'continueReplicating'> = async (_context, session, { database }) => {
    await endTransaction(session);
    await controller.continue(database);
    return ok(1);
  };
  const stop: Command<'stopReplicating'> = async (_context, session, { database }) => {
    await endTransaction(session);
    note(session, await controller.stopReplicating(database));
    return ok(1);
  };
  const check: Command<'checkReplication'> = async () => {
    throw databaseError('unsupported', { what: 'CHECK REPLICATION' });
  };
  const explain: Command<'explainReplication'> = async (_context, _session, { statement }) => {
    const what = statement.kind === 'stopReplicating' ? 'STOP REPLICATING' : 'REPLICATE DATABASE';
    throw databaseError('unsupported', { what: `EXPLAIN ${what}` });
  };
  return {
    replicateDatabase: replicate,
    pauseReplicating: pause,
    continueReplicating: resume,
    stopReplicating: stop,
    checkReplication: check,
    explainReplication: explain,
  };
}
