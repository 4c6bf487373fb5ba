// REPLICATE DATABASE, PAUSE, CONTINUE and STOP REPLICATING, and EXPLAIN of the first and the last.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { checkDatabaseName } from '#aggregator/commands/definition/database-commands.ts';
import type { ReplicateDatabase } from '#aggregator/parser/ast-administration.ts';
import {
  explainReplicate,
  type ExplainedReplicate,
} from '#aggregator/replication/explain-replicate.ts';
import { explainStop } from '#aggregator/replication/explain-stop.ts';
import type { ReplicationController } from '#aggregator/replication/replication-controller.ts';
import type { ReplicationParts } from '#aggregator/replication/replication-parts.ts';
import type { Session } from '#aggregator/session.ts';
import { ok, rowsResult } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { checkReplication } from './check-replication.ts';

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

/** Throws unsupported, wrongDatabaseName or databaseExists for what can never be done. */
function readReplicate(statement: ReplicateDatabase): ExplainedReplicate {
  const { database: name, forceDifferential, partitions, primary } = statement;
  if (partitions !== null) {
    throw databaseError('unsupported', { what: 'REPLICATE DATABASE … WITH PARTITIONS' });
  }
  checkDatabaseName(name);
  const { host, port, user, password, remoteDatabase } = primary;
  const login = { host, port, user, password, database: remoteDatabase };
  return { name, login, forceDifferential };
}

/** The family of these commands. */
export function replicationCommands(
  controller: ReplicationController,
  parts: ReplicationParts,
): CommandTable {
  const replicate: Command<'replicateDatabase'> = async (_context, session, statement) => {
    const { name, login, forceDifferential } = readReplicate(statement);
    await endTransaction(session);
    if (forceDifferential) note(session, await controller.failBack(name, login));
    else await controller.replicate(name, login);
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
  const stop: Command<'stopReplicating'> = async (_context, session, { database, force }) => {
    await endTransaction(session);
    note(session, await controller.stopReplicating(database, { force }));
    return ok(1);
  };
  const explain: Command<'explainReplication'> = async (_context, _session, { statement }) => {
    const { columns, rows } =
      statement.kind === 'stopReplicating'
        ? await explainStop(parts, statement.database)
        : await explainReplicate(parts, readReplicate(statement));
    return rowsResult(columns, rows);
  };
  return {
    replicateDatabase: replicate,
    pauseReplicating: pause,
    continueReplicating: resume,
    stopReplicating: stop,
    checkReplication: checkReplication(parts),
    explainReplication: explain,
  };
}
