// CREATE, DROP, TRUNCATE and RENAME TABLE.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { passOver, passOverMissing } from '#aggregator/commands/pass-over.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import { existingTable, findTable, tableNamed } from '#aggregator/metadata/find-table.ts';
import type { StoredSequences } from '#aggregator/metadata/sequences.ts';
import { createTableStatements, livesIn } from '#aggregator/metadata/sqlite-table.ts';
import {
  buildTable,
  checkTableName,
  type DefinitionContext,
} from '#aggregator/metadata/table-builder.ts';
import { compileCheck } from '#aggregator/planner/compile-check.ts';
import { compileGenerated } from '#aggregator/planner/compile-generated.ts';
import type { CreateTable, TableOption } from '#aggregator/parser/ast-definition.ts';
import type { Query, TableName } from '#aggregator/parser/ast-query.ts';
import type { Session } from '#aggregator/session.ts';
import { modesIn, takesZeroDates } from '#aggregator/sql-mode.ts';
import { ok, type OkResult } from '#aggregator/statement-result.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { Breather } from '#aggregator/breather.ts';
import { databaseError } from '#shared/error.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { fillTable, withColumnsOf, type AsSelectParts } from './create-as-select.ts';
import { reportNotes } from './database-commands.ts';
import { parentsToGather, referenceTo } from './foreign-keys.ts';
import { moveRows, moveToFirst } from './move-rows.ts';
import { joinChanges, type SchemaChange } from './schema-change.ts';
import type { SchemaChanger } from './schema-changer.ts';

export interface TableCommandParts extends AsSelectParts {
  readonly catalog: Catalog;
  readonly sequences: StoredSequences;
  readonly changer: SchemaChanger;
  readonly leaves: LeafDirectory;
}

/** The database a table name means. Throws noDatabase or unknownDatabase. */
export function databaseOf(parts: { catalog: Catalog }, session: Session, name: TableName): string {
  const database = name.database ?? session.database;
  if (database === null) throw databaseError('noDatabase', {});
  return parts.catalog.database(database).name;
}

/** The table of that name. Throws unknownTable, and notBaseTable for a view. */
export function tableOf(database: DatabaseDefinition, name: string): TableDefinition {
  const table = existingTable(database, name);
  if (table.view === undefined) return table;
  throw databaseError('notBaseTable', { database: database.name, table: name });
}

export function hasForeignKeyChecks(session: Session): boolean {
  return session.variables.get('session', 'foreign_key_checks') !== 0n;
}

/** The session's modes, in upper case. */
export function sqlModesOf(session: Session): ReadonlySet<string> {
  return modesIn(String(session.variables.get('session', 'sql_mode') ?? ''));
}

/** How the session has its definitions built. */
export function definitionContext(session: Session, notes: DefinitionNotes): DefinitionContext {
  const sqlModes = sqlModesOf(session);
  return {
    notes,
    zeroDates: takesZeroDates(sqlModes),
    compileCheck,
    compileGenerated,
  };
}

/** A new table, in the partitions where it lives. */
function createChange(table: TableDefinition): SchemaChange {
  const statements = (place: Parameters<SchemaChange['statements']>[0]): readonly string[] =>
    createTableStatements(table, place);
  return { put: [table], drop: [], statements, undo: null };
}

interface RequestedIn {
  readonly database: DatabaseDefinition;
  /** The database of the table behind LIKE. */
  readonly modelOf: (like: TableName) => DatabaseDefinition;
}

/** The table that the statement asks for: by its columns, or LIKE another. */
function requestedTable(
  statement: CreateTable,
  { database, modelOf }: RequestedIn,
  context: DefinitionContext,
): TableDefinition {
  if (statement.temporary) throw databaseError('unsupported', { what: 'CREATE TEMPORARY TABLE' });
  if (statement.like === null) return buildTable(statement, database, context);
  const { table: name } = statement.table;
  checkTableName(name);
  const like = tableOf(modelOf(statement.like), statement.like.table);
  // As in MySQL, the copy has the keys of the model but not its foreign keys.
  const checks = like.checks.map((check, index) => ({
    ...check,
    name: `${name}_chk_${index + 1}`,
  }));
  return { ...like, id: database.nextTableId, name, foreignKeys: [], checks };
}

/** AUTO_INCREMENT = n; null where it is not said. */
export function autoIncrementOption(options: readonly TableOption[]): bigint | null {
  const option = options.findLast(({ name }) => name === 'auto_increment');
  return option !== undefined && /^\d+$/.test(option.value) ? BigInt(option.value) : null;
}

/** The table, or null where it exists and IF NOT EXISTS was said. */
async function createTable(
  parts: TableCommandParts,
  session: Session,
  statement: CreateTable,
): Promise<TableDefinition | null> {
  const name = databaseOf(parts, session, statement.table);
  const notes = new DefinitionNotes();
  const foreignKeyChecks = hasForeignKeyChecks(session);
  const context = definitionContext(session, notes);
  let created: TableDefinition | null = null;
  /** Null: it exists, and IF NOT EXISTS was said. */
  const plan = (database: DatabaseDefinition): TableDefinition | null => {
    if (tableNamed(database, statement.table.table) !== undefined) {
      const problem = databaseError('tableExists', { name: statement.table.table });
      passOver(session, statement.ifNotExists, problem);
      return null;
    }
    const modelOf = (like: TableName): DatabaseDefinition => {
      const other = databaseOf(parts, session, like);
      return other === name ? database : parts.catalog.database(other);
    };
    return requestedTable(statement, { database, modelOf }, context);
  };
  const wanted = plan(parts.catalog.database(name));
  if (wanted === null) return null;
  const needsFence = parentsToGather(parts.catalog.database(name), wanted, foreignKeyChecks).length;
  if (needsFence > 0) {
    const gather = async (database: DatabaseDefinition, breather: Breather) => {
      const table = plan(database);
      if (table === null) return joinChanges([]);
      const parents = parentsToGather(database, table, foreignKeyChecks);
      const gathered: SchemaChange[] = [];
      for (const parent of parents) {
        const reader = { leaves: parts.leaves, breather };
        gathered.push((await moveRows(reader, database, moveToFirst(parent))).change);
      }
      created = table;
      return joinChanges([...gathered, createChange(table)]);
    };
    await parts.changer.changeFenced(name, gather, session.signal);
  } else {
    await parts.changer.change(name, (database) => {
      created = plan(database);
      if (created !== null) parentsToGather(database, created, foreignKeyChecks);
      return created === null ? null : createChange(created);
    });
  }
  reportNotes(session, notes);
  const first = autoIncrementOption(statement.options);
  const table = created as TableDefinition | null;
  if (table !== null && first !== null && first > 1n) {
    await parts.sequences.observe(name, table.id, first - 1n);
  }
  return table;
}

/** The table exists, empty, until its rows are in; where they are refused it goes again. */
async function createFilled(
  parts: TableCommandParts,
  session: Session,
  statement: CreateTable & { readonly query: Query },
): Promise<OkResult> {
  const { table } = statement;
  const database = databaseOf(parts, session, table);
  const isThere = findTable(parts.catalog, database, table.table) !== null;
  const { definition, filled } = isThere
    ? { definition: { ...statement, query: null }, filled: [] }
    : withColumnsOf(parts, session, statement);
  if ((await createTable(parts, session, definition)) === null) return ok();
  try {
    return await fillTable(parts, session, { statement, database, filled });
  } catch (error) {
    await dropTables(parts, session, [table], true);
    throw error;
  }
}

function dropChange(tables: readonly TableDefinition[]): SchemaChange {
  const statements: SchemaChange['statements'] = (place) =>
    tables
      .filter((table) => livesIn(table, place))
      .map((table) => `DROP TABLE ${quoteIdentifier(table.name)}`);
  return { put: [], drop: tables.map((table) => table.name), statements, undo: null };
}

/** The tables of one database that are there; those that are not are noted, or error 1051. */
function tablesToDrop(
  database: DatabaseDefinition,
  names: readonly string[],
  options: { readonly ifExists: boolean; readonly session: Session },
): TableDefinition[] {
  const baseTable = (name: string): TableDefinition[] => {
    const found = tableNamed(database, name);
    return found === undefined || found.view !== undefined ? [] : [found];
  };
  const missing = names.filter((name) => baseTable(name).length === 0);
  const qualified = missing.map((name) => `${database.name}.${name}`);
  passOverMissing(options.session, options.ifExists, qualified);
  const tables = names.flatMap(baseTable);
  if (hasForeignKeyChecks(options.session)) {
    for (const table of tables) {
      const reference = referenceTo(database, table.name, names);
      if (reference === null) continue;
      const { child, key } = reference;
      const constraint = key.name;
      throw databaseError('referencedTableDrop', {
        table: table.name,
        constraint,
        child: child.name,
      });
    }
  }
  return [...new Set(tables)];
}

async function dropTables(
  parts: TableCommandParts,
  session: Session,
  names: readonly TableName[],
  ifExists: boolean,
): Promise<void> {
  const byDatabase = Map.groupBy(names, (name) => databaseOf(parts, session, name));
  for (const [name, named] of byDatabase) {
    const tables = named.map(({ table }) => table);
    let dropped: readonly TableDefinition[] = [];
    await parts.changer.change(name, (database) => {
      dropped = tablesToDrop(database, tables, { ifExists, session });
      return dropped.length === 0 ? null : dropChange(dropped);
    });
    for (const table of dropped) await parts.sequences.forget(name, table.id);
  }
}

/** Empties a table. Its id is new, so AUTO_INCREMENT begins at 1 again. */
async function truncateTable(
  parts: TableCommandParts,
  session: Session,
  name: TableName,
): Promise<void> {
  const databaseName = databaseOf(parts, session, name);
  let before: TableDefinition | null = null;
  await parts.changer.change(databaseName, (database) => {
    before = tableOf(database, name.table);
    const reference = referenceTo(database, name.table);
    if (reference !== null && hasForeignKeyChecks(session)) {
      const constraint = `\`${databaseName}\`.\`${reference.child.name}\`, ${reference.key.name}`;
      throw databaseError('truncateReferenced', { constraint });
    }
    const table = { ...before, id: database.nextTableId };
    const sql = `DELETE FROM ${quoteIdentifier(name.table)}`;
    const statements: SchemaChange['statements'] = (place) => (livesIn(table, place) ? [sql] : []);
    return { put: [table], drop: [], statements, undo: null };
  });
  const old = before as TableDefinition | null;
  if (old !== null) await parts.sequences.forget(databaseName, old.id);
}

/** The family of these commands. */
export function tableCommands(parts: TableCommandParts): CommandTable {
  const create: Command<'createTable'> = async (_context, session, statement) => {
    const { query } = statement;
    if (query !== null) return createFilled(parts, session, { ...statement, query });
    await createTable(parts, session, statement);
    return ok();
  };
  const drop: Command<'dropTable'> = async (_context, session, statement) => {
    if (statement.temporary) throw databaseError('unsupported', { what: 'DROP TEMPORARY TABLE' });
    await dropTables(parts, session, statement.tables, statement.ifExists);
    return ok();
  };
  const truncate: Command<'truncateTable'> = async (_context, session, statement) => {
    await truncateTable(parts, session, statement.table);
    return ok();
  };
  return { createTable: create, dropTable: drop, truncateTable: truncate };
}
