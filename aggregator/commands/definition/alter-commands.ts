// ALTER TABLE, RENAME TABLE, CREATE INDEX and DROP INDEX: a table made anew in every partition.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import { livesIn } from '#aggregator/metadata/sqlite-table.ts';
import type { AlterAction } from '#aggregator/parser/ast-definition.ts';
import type { TableName } from '#aggregator/parser/ast-query.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { alterChange, hasNewUniqueKey, renameChange, type Alteration } from './alter-change.ts';
import { reportNotes } from './database-commands.ts';
import { parentsToGather } from './foreign-keys.ts';
import { joinChanges, placeOf } from './schema-change.ts';
import {
  databaseOf,
  hasForeignKeyChecks,
  tableOf,
  type TableCommandParts,
} from './table-commands.ts';

/** Asks every partition with rows of the table, behind the fence. Throws the first objection. */
async function checkRows(
  leaves: LeafDirectory,
  database: DatabaseDefinition,
  table: TableDefinition,
  checks: readonly string[],
): Promise<void> {
  for (const placement of database.placements) {
    if (!livesIn(table, placeOf(placement))) continue;
    for (const sql of checks) {
      const batches = leaves.leaf(placement.leafId).stream('read', {
        key: { database: database.name, ordinal: placement.ordinal },
        catalogVersion: database.catalogVersion,
        transaction: null,
        statement: { sql, parameters: [] },
        columns: [{ kind: 'integer', bits: 64, unsigned: false }],
        forUpdate: false,
        lockWaitTimeoutMs: 0,
      });
      for await (const batch of batches) {
        if (rowsOfBatch(batch).length > 0) throw databaseError('invalidUseOfNull', {});
      }
    }
  }
}

function nowText(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 23).replace('T', ' ')}000`;
}

type AlterParts = TableCommandParts & { readonly nowMs: () => number };

interface AlterStatement {
  readonly table: TableName;
  readonly actions: readonly AlterAction[];
}

/** What the statement does to the newest version of its database. */
function planAlteration(
  parts: AlterParts,
  session: Session,
  options: { database: DatabaseDefinition; statement: AlterStatement; notes: DefinitionNotes },
): Alteration | null {
  const { database, statement, notes } = options;
  const before = tableOf(database, statement.table.table);
  const actions = statement.actions.filter(({ kind }) => kind !== 'rename' && kind !== 'hint');
  const rename = statement.actions.findLast((action) => action.kind === 'rename');
  const now = nowText(parts.nowMs());
  const shaped =
    actions.length === 0 ? null : alterChange({ database, before, actions, notes, now });
  const after = shaped?.change.put[0] ?? before;
  checkForeignKeys(database, after, session);
  if (rename === undefined || rename.to.table === after.name) return shaped;
  if ((rename.to.database ?? database.name) !== database.name) {
    throw databaseError('unsupported', { what: 'moving a table to another database' });
  }
  const renamed = renameChange(database, after, rename.to.table);
  if (shaped === null) return { change: renamed, checks: null };
  if (hasNewUniqueKey(before, after)) {
    const what = 'ALTER TABLE that adds a UNIQUE key and renames at once; use two statements';
    throw databaseError('unsupported', { what });
  }
  // The last word on the table is the renamed one.
  const change = { ...joinChanges([shaped.change, renamed]), put: renamed.put, undo: null };
  return { change, checks: shaped.checks };
}

/** Carries out the actions on one table. RENAME comes last, as in MySQL. */
async function alterTable(
  parts: AlterParts,
  session: Session,
  statement: AlterStatement,
): Promise<void> {
  const name = databaseOf(parts, session, statement.table);
  const notes = new DefinitionNotes();
  const first = parts.catalog.database(name);
  const trial = planAlteration(parts, session, { database: first, statement, notes });
  if (trial?.checks === undefined || trial.checks === null) {
    await parts.changer.change(name, (database) => {
      const planned = planAlteration(parts, session, { database, statement, notes });
      return planned?.change ?? null;
    });
  } else {
    await parts.changer.changeFenced(name, async (database) => {
      const planned = planAlteration(parts, session, { database, statement, notes });
      const before = tableOf(database, statement.table.table);
      await checkRows(parts.leaves, database, before, planned?.checks ?? []);
      return planned?.change ?? joinChanges([]);
    });
  }
  reportNotes(session, notes);
}

/** New foreign keys are taken where nothing has to move and no row has to be looked at. */
function checkForeignKeys(
  database: DatabaseDefinition,
  after: TableDefinition,
  session: Session,
): void {
  const gather = parentsToGather(database, after, hasForeignKeyChecks(session));
  const [first] = gather;
  if (first !== undefined) {
    const what = `ALTER TABLE with a foreign key to the spread table '${first.name}'`;
    throw databaseError('unsupported', { what });
  }
  const before = database.tables[after.name];
  const isNew = after.foreignKeys.some(
    (key) => before?.foreignKeys.some((known) => known.name === key.name) !== true,
  );
  if (isNew && hasForeignKeyChecks(session) && before !== undefined) {
    const what =
      'ALTER TABLE … ADD FOREIGN KEY with foreign_key_checks = 1: rows that exist are not ' +
      'checked; SET foreign_key_checks = 0 first, as dumps do';
    throw databaseError('unsupported', { what });
  }
}

async function renameTables(
  parts: TableCommandParts,
  session: Session,
  renames: readonly { readonly from: TableName; readonly to: TableName }[],
): Promise<void> {
  for (const { from, to } of renames) {
    const name = databaseOf(parts, session, from);
    if (databaseOf(parts, session, to) !== name) {
      throw databaseError('unsupported', { what: 'moving a table to another database' });
    }
    await parts.changer.change(name, (database) =>
      renameChange(database, tableOf(database, from.table), to.table),
    );
  }
}

/** The family of these commands. `nowMs` is milliseconds since 1970. */
export function alterCommands(parts: AlterParts): CommandTable {
  const alter: Command<'alterTable'> = async (_context, session, statement) => {
    await alterTable(parts, session, statement);
    return ok();
  };
  const rename: Command<'renameTable'> = async (_context, session, statement) => {
    await renameTables(parts, session, statement.renames);
    return ok();
  };
  const createIndex: Command<'createIndex'> = async (_context, session, statement) => {
    const { at, table, index } = statement;
    await alterTable(parts, session, { table, actions: [{ kind: 'addIndex', at, index }] });
    return ok();
  };
  const dropIndex: Command<'dropIndex'> = async (_context, session, statement) => {
    const { at, table, name } = statement;
    await alterTable(parts, session, { table, actions: [{ kind: 'dropIndex', at, name }] });
    return ok();
  };
  return { alterTable: alter, renameTable: rename, createIndex, dropIndex };
}
