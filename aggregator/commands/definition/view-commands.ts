// CREATE, ALTER and DROP VIEW.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { passOver, passOverMissing } from '#aggregator/commands/pass-over.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { existingTable, tableNamed } from '#aggregator/metadata/find-table.ts';
import { checkDistinctNames, isName } from '#aggregator/metadata/names.ts';
import { checkTableName } from '#aggregator/metadata/table-builder.ts';
import type { CreateView } from '#aggregator/parser/ast-definition.ts';
import type { TableName } from '#aggregator/parser/ast-query.ts';
import { viewColumns, viewOutput } from '#aggregator/planner/describe-view.ts';
import { spellView } from '#aggregator/planner/spell-view.ts';
import type { SyntaxEngine } from '#aggregator/query-engine.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import type { TableDefinition, ViewDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { DEFAULT_COLLATION } from '#shared/sql/collation.ts';
import type { SchemaChange } from './schema-change.ts';
import type { SchemaChanger } from './schema-changer.ts';
import { databaseOf } from './table-commands.ts';

export interface ViewCommandParts {
  readonly catalog: Catalog;
  readonly changer: SchemaChanger;
  /** Asked for when used: the engine is made after its commands. */
  readonly engine: () => SyntaxEngine;
}

type View = TableDefinition & { readonly view: ViewDefinition };
type Written = Pick<CreateView, 'algorithm' | 'definer' | 'security' | 'checkOption'>;

/** Metadata alone: no partition has anything of a view but its definition. */
function metadataChange(put: readonly TableDefinition[], drop: readonly string[]): SchemaChange {
  return { put, drop, statements: () => [], undo: null };
}

/** What is not written is as in `before`, or as MySQL has it. */
function optionsOf(session: Session, written: Written, before: ViewDefinition | null) {
  const { user, host } = session.account;
  const { algorithm, security, definer, checkOption } = written;
  const isNamed = definer !== null && !definer.current;
  const named = isNamed ? { user: definer.user, host: definer.host } : { user, host };
  const variable = (name: string): string => String(session.variables.get('session', name) ?? '');
  return {
    algorithm: upper(algorithm) ?? before?.algorithm ?? 'UNDEFINED',
    definer: definer === null ? (before?.definer ?? named) : named,
    security: upper(security) ?? before?.security ?? 'DEFINER',
    checkOption: upper(checkOption) ?? 'NONE',
    characterSetClient: variable('character_set_client') || 'utf8mb4',
    collationConnection: variable('collation_connection') || DEFAULT_COLLATION,
  } as const;
}

function upper<T extends string>(word: T | null): Uppercase<T> | null {
  return word === null ? null : (word.toUpperCase() as Uppercase<T>);
}

/**
 * The view that the statement asks for, resolved in the database as it is now. Throws
 * recursiveView where it would be met on the way to what it reads, and what resolving throws.
 */
function buildView(
  { engine }: ViewCommandParts,
  session: Session,
  {
    statement,
    database,
    before,
  }: {
    readonly statement: CreateView;
    readonly database: DatabaseDefinition;
    readonly before: View | null;
  },
): View {
  const { table: name } = statement.view;
  checkTableName(name);
  const environment = engine().environment(session);
  const spelled = spellView(statement.query, environment, database.name);
  const names =
    statement.columns.length > 0
      ? statement.columns
      : // What an expression is called by its own text may be no name: MySQL numbers it then.
        spelled.columns.map((one, i) => (isName(one.name) ? one.name : `Name_exp_${i + 1}`));
  if (names.length !== spelled.columns.length) throw databaseError('viewColumnCount', {});
  const wrong = names.find((one) => !isName(one));
  if (wrong !== undefined) throw databaseError('wrongColumnName', { name: wrong });
  checkDistinctNames(names.map((one) => ({ name: one })));
  const kept = statement.kind === 'alterView' && before !== null ? before.view : null;
  const options = optionsOf(session, statement, kept);
  const { query, reads } = spelled;
  const view: ViewDefinition = { query, reads, listed: false, ...options };
  // What every later session will read, resolved in their place.
  const columns = viewOutput(environment, database, { name, view });
  const listed = columns.some((column, i) => column.name !== names[i]);
  return {
    ...{ id: before?.id ?? database.nextTableId, name, spread: 'single', shardKey: [] },
    ...{ shardKeyExplicit: false, columns: viewColumns(columns, names, environment), indexes: [] },
    ...{ foreignKeys: [], checks: [], collation: database.collation, comment: 'VIEW' },
    view: { ...view, listed },
  };
}

/** What stands under the name now; null: nothing. Throws tableExists, notView, unknownTable. */
function standing(
  session: Session,
  database: DatabaseDefinition,
  statement: CreateView,
): View | null | 'kept' {
  const { table: name } = statement.view;
  if (statement.kind === 'createView' && tableNamed(database, name) === undefined) return null;
  const table = existingTable(database, name);
  if (statement.kind === 'createView' && !statement.orReplace) {
    passOver(session, statement.ifNotExists, databaseError('tableExists', { name }));
    return 'kept';
  }
  const { view } = table;
  if (view === undefined) throw databaseError('notView', { database: database.name, table: name });
  return { ...table, view };
}

async function createView(
  parts: ViewCommandParts,
  session: Session,
  statement: CreateView,
): Promise<void> {
  const name = databaseOf(parts, session, statement.view);
  await parts.changer.change(name, (database) => {
    const before = standing(session, database, statement);
    if (before === 'kept') return null;
    const view = buildView(parts, session, { statement, database, before });
    return metadataChange([view], []);
  });
}

/** Those of one database. Throws notView and, without IF EXISTS, unknownTableDrop. */
function viewsToDrop(
  session: Session,
  database: DatabaseDefinition,
  { names, ifExists }: { readonly names: readonly string[]; readonly ifExists: boolean },
): readonly string[] {
  for (const table of names) {
    const found = tableNamed(database, table);
    if (found !== undefined && found.view === undefined) {
      throw databaseError('notView', { database: database.name, table });
    }
  }
  const missing = names.filter((table) => tableNamed(database, table) === undefined);
  const qualified = missing.map((table) => `${database.name}.${table}`);
  passOverMissing(session, ifExists, qualified);
  return [...new Set(names.filter((table) => tableNamed(database, table) !== undefined))];
}

async function dropViews(
  parts: ViewCommandParts,
  session: Session,
  { views, ifExists }: { readonly views: readonly TableName[]; readonly ifExists: boolean },
): Promise<void> {
  const byDatabase = Map.groupBy(views, (view) => databaseOf(parts, session, view));
  for (const [name, named] of byDatabase) {
    const names = named.map(({ table }) => table);
    await parts.changer.change(name, (database) => {
      const gone = viewsToDrop(session, database, { names, ifExists });
      return gone.length === 0 ? null : metadataChange([], gone);
    });
  }
}

/** The family of these commands. */
export function viewCommands(parts: ViewCommandParts): CommandTable {
  const create: Command<'createView' | 'alterView'> = async (_context, session, statement) => {
    await createView(parts, session, statement);
    return ok();
  };
  const drop: Command<'dropView'> = async (_context, session, statement) => {
    await dropViews(parts, session, statement);
    return ok();
  };
  return { createView: create, alterView: create, dropView: drop };
}
