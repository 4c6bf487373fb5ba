// ALTER TABLE, RENAME TABLE, CREATE INDEX and DROP INDEX: a table made anew in every partition.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import { existingTable } from '#aggregator/metadata/find-table.ts';
import type { TableName } from '#aggregator/parser/ast-query.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { renameChange } from './alter-change.ts';
import { reportNotes } from './database-commands.ts';
import type { Breather } from '#aggregator/breather.ts';
import { fencedChange } from './fenced-alteration.ts';
import {
  needsFence,
  plainChange,
  planAlteration,
  type AlterPlan,
  type AlterStatement,
} from './plan-alteration.ts';
import {
  autoIncrementOption,
  databaseOf,
  sqlModesOf,
  tableOf,
  type TableCommandParts,
} from './table-commands.ts';

type AlterParts = TableCommandParts & { readonly nowMs: () => number };

/** Carries out the actions on one table. RENAME comes last, as in MySQL. */
async function alterTable(
  parts: AlterParts,
  session: Session,
  statement: AlterStatement,
): Promise<void> {
  const name = databaseOf(parts, session, statement.table);
  const notes = new DefinitionNotes();
  const planOf = (database: DatabaseDefinition): AlterPlan =>
    planAlteration(database, session, { statement, notes, nowMs: parts.nowMs() });
  if (needsFence(planOf(parts.catalog.database(name)))) {
    const zeroIsValue = sqlModesOf(session).has('NO_AUTO_VALUE_ON_ZERO');
    const plan = async (database: DatabaseDefinition, breather: Breather) => {
      const { leaves, sequences } = parts;
      const fenced = { reader: { leaves, breather }, sequences };
      return await fencedChange(fenced, database, { plan: planOf(database), zeroIsValue });
    };
    await parts.changer.changeFenced(name, plan, session.signal);
  } else {
    const plan = (database: DatabaseDefinition) => plainChange(planOf(database));
    await parts.changer.change(name, plan, session.signal);
  }
  const first = statement.actions
    .filter((action) => action.kind === 'options')
    .map(({ options }) => autoIncrementOption(options))
    .findLast((number) => number !== null);
  if (first !== undefined && first !== null && first > 1n) {
    const table = tableOf(parts.catalog.database(name), newName(statement));
    await parts.sequences.observe(name, table.id, first - 1n);
  }
  reportNotes(session, notes);
}

function newName({ table, actions }: AlterStatement): string {
  return actions.findLast((action) => action.kind === 'rename')?.to.table ?? table.table;
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
      renameChange(database, existingTable(database, from.table), to.table),
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
