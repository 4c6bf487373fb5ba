// SNAPSHOT, BACKUP and RESTORE DATABASE.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { checkDatabaseName } from '#aggregator/commands/definition/database-commands.ts';
import { leafOf } from '#aggregator/replication/master-leaves.ts';
import { ok } from '#aggregator/statement-result.ts';
import { backupDatabase } from './backup-database.ts';
import { forEachOf, runLimited, type BackupParts } from './backup-parts.ts';
import { resolveBackupPath } from './backup-path.ts';
import { restoreDatabase } from './restore-database.ts';

/** The family of these commands. */
export function backupCommands(parts: BackupParts): CommandTable {
  const { backupDir } = parts;
  const snapshot: Command<'snapshotDatabase'> = async (_context, session, { database }) => {
    const definition = parts.catalog.database(database);
    const compact = async ({ ordinal }: { readonly ordinal: number }): Promise<void> => {
      const key = { database, ordinal };
      await leafOf(parts, definition, ordinal).call('compact', { key });
    };
    const limit = { killed: session.signal, timeoutMs: null };
    await runLimited(parts, limit, (signal) => forEachOf(definition.placements, compact, signal));
    return ok(1);
  };
  const backup: Command<'backupDatabase'> = async (_context, session, statement) => {
    const { database, path, timeoutMs } = statement;
    const directory = await resolveBackupPath(backupDir, path, 'backup');
    const limit = { killed: session.signal, timeoutMs };
    const { partitions, bytes } = await runLimited(parts, limit, (signal) =>
      backupDatabase(parts, database, directory, signal),
    );
    return ok(1, 0n, `Partitions: ${partitions}  Bytes: ${bytes}  Directory: ${directory}`);
  };
  const restore: Command<'restoreDatabase'> = async (_context, session, statement) => {
    const { database: source, as, path } = statement;
    const name = as ?? source;
    checkDatabaseName(name);
    const directory = await resolveBackupPath(backupDir, path, 'restore');
    const limit = { killed: session.signal, timeoutMs: null };
    const { partitions } = await runLimited(parts, limit, (signal) =>
      restoreDatabase(parts, { directory, source, name }, signal),
    );
    return ok(1, 0n, `Partitions: ${partitions}`);
  };
  return { snapshotDatabase: snapshot, backupDatabase: backup, restoreDatabase: restore };
}
