// What a statement needs its account to be allowed: plain data, before anything is planned.

import type {
  DeleteStatement,
  InsertStatement,
  LoadDataStatement,
  Statement,
  UpdateStatement,
} from '#aggregator/parser/ast.ts';
import type {
  AlterTable,
  CreateTable,
  CreateView,
  Query,
  TableName,
} from '#aggregator/parser/ast.ts';
import { requiredForAdministration } from './required-administration.ts';
import { atDatabase, atTable, reads, type Requirement } from './requirement.ts';
import { namesColumn, tablesRead } from './statement-tables.ts';

function queryNeeds(query: Query, database: string | null): readonly Requirement[] {
  const needs = reads(query, database);
  const locks = query.kind === 'select' && query.lock?.mode === 'update';
  if (!locks) return needs;
  const lockers = tablesRead(query.from).flatMap((table) =>
    atTable(['UPDATE', 'DELETE', 'LOCK TABLES'], table, database),
  );
  return [...needs, ...lockers];
}

function insertNeeds(statement: InsertStatement, database: string | null): readonly Requirement[] {
  const { table, source, onDuplicate, replace } = statement;
  return [
    ...atTable(['INSERT'], table, database),
    ...(replace ? atTable(['DELETE'], table, database) : []),
    ...(onDuplicate.length > 0 ? atTable(['UPDATE'], table, database) : []),
    ...reads([source, onDuplicate], database),
  ];
}

function loadNeeds(statement: LoadDataStatement, database: string | null): readonly Requirement[] {
  return [
    ...atTable(['INSERT'], statement.table, database),
    ...(statement.replace ? atTable(['DELETE'], statement.table, database) : []),
    ...reads(statement.assignments, database),
  ];
}

/** The tables of a FROM by the name that the rest of the statement calls them. */
function tableOfName(tables: readonly TableName[], name: string): readonly TableName[] {
  return tables.filter((table) => {
    const { alias } = table as { alias?: string | null };
    return (alias ?? table.table).toLowerCase() === name.toLowerCase();
  });
}

/** The tables whose columns are assigned: all, where a column does not say which. */
function updated(statement: UpdateStatement): readonly TableName[] {
  const tables = tablesRead(statement.from);
  const named = statement.assignments.map((assignment) => assignment.column.table);
  if (named.includes(null)) return tables;
  return named.flatMap((name) => tableOfName(tables, name ?? ''));
}

function updateNeeds(statement: UpdateStatement, database: string | null): readonly Requirement[] {
  const { from, where, orderBy, assignments } = statement;
  const values = assignments.map((assignment) => assignment.value);
  const readsColumns = from.kind === 'join' || namesColumn([where, orderBy, values]);
  return [
    ...updated(statement).flatMap((table) => atTable(['UPDATE'], table, database)),
    ...(readsColumns ? reads({ with: statement.with, from }, database) : []),
    ...reads({ with: statement.with, where, orderBy, values }, database),
  ];
}

function deleteNeeds(statement: DeleteStatement, database: string | null): readonly Requirement[] {
  const { from, where, orderBy, targets } = statement;
  const tables = tablesRead(from);
  const deleted =
    targets === null
      ? tables
      : targets.flatMap((target) => {
          const found = target.database === null ? tableOfName(tables, target.table) : [];
          return found.length > 0 ? found : [target];
        });
  const readsColumns = from.kind === 'join' || namesColumn([where, orderBy]);
  return [
    ...deleted.flatMap((table) => atTable(['DELETE'], table, database)),
    ...(readsColumns ? reads({ with: statement.with, from }, database) : []),
    ...reads({ with: statement.with, where, orderBy }, database),
  ];
}

function createTableNeeds(statement: CreateTable, database: string | null): readonly Requirement[] {
  const { table, like, query, foreignKeys, columns } = statement;
  const parents = [
    ...foreignKeys.map((key) => key.references.table),
    ...columns.flatMap((column) => (column.references === null ? [] : [column.references.table])),
  ];
  return [
    ...atTable(['CREATE'], table, database),
    ...(like === null ? [] : atTable(['SELECT'], like, database)),
    ...(query === null ? [] : reads(query, database)),
    ...(query === null ? [] : atTable(['INSERT'], table, database)),
    ...parents.flatMap((parent) => atTable(['REFERENCES'], parent, database)),
  ];
}

/** What stands for a DEFINER that is another account, authorize.ts asks for. */
function createViewNeeds(statement: CreateView, database: string | null): readonly Requirement[] {
  const { kind, view, orReplace, query } = statement;
  return [
    ...atTable(['CREATE VIEW'], view, database),
    ...(orReplace || kind === 'alterView' ? atTable(['DROP'], view, database) : []),
    ...reads(query, database),
  ];
}

function renameNeeds(from: TableName, to: TableName, database: string | null) {
  return [
    ...atTable(['ALTER'], from, database),
    ...atTable(['DROP'], from, database),
    ...atTable(['CREATE'], to, database),
    ...atTable(['INSERT'], to, database),
  ];
}

function alterTableNeeds(statement: AlterTable, database: string | null): readonly Requirement[] {
  const { table, actions } = statement;
  return [
    ...atTable(['ALTER'], table, database),
    ...actions.flatMap((action) => {
      if (action.kind === 'rename') return renameNeeds(table, action.to, database);
      if (action.kind !== 'addForeignKey') return [];
      return atTable(['REFERENCES'], action.foreignKey.references.table, database);
    }),
  ];
}

/**
 * All that the statement needs. `database` is the session's, for names without one; a name that
 * is left without any needs nothing here, since it is refused when it is resolved.
 */
export function requiredPrivileges(
  statement: Statement,
  database: string | null,
): readonly Requirement[] {
  switch (statement.kind) {
    case 'select':
    case 'setOperation':
    case 'with':
    case 'values':
      return queryNeeds(statement, database);
    case 'insert':
      return insertNeeds(statement, database);
    case 'update':
      return updateNeeds(statement, database);
    case 'delete':
      return deleteNeeds(statement, database);
    case 'loadData':
      return loadNeeds(statement, database);
    case 'explain':
      return requiredPrivileges(statement.statement, database);
    case 'createDatabase':
      return atDatabase(['CREATE', 'CREATE DATABASE'], statement.name);
    case 'dropDatabase':
      return atDatabase(['DROP', 'DROP DATABASE'], statement.name);
    case 'alterDatabase':
      return atDatabase(['ALTER'], statement.name ?? database);
    case 'createTable':
      return createTableNeeds(statement, database);
    case 'alterTable':
      return alterTableNeeds(statement, database);
    case 'dropTable':
      return statement.tables.flatMap((table) => atTable(['DROP'], table, database));
    case 'createView':
    case 'alterView':
      return createViewNeeds(statement, database);
    case 'dropView':
      return statement.views.flatMap((view) => atTable(['DROP'], view, database));
    case 'dropRoutine':
      return [];
    case 'truncateTable':
      return atTable(['DROP'], statement.table, database);
    case 'renameTable':
      return statement.renames.flatMap(({ from, to }) => renameNeeds(from, to, database));
    case 'createIndex':
    case 'dropIndex':
      return atTable(['INDEX'], statement.table, database);
    default:
      return requiredForAdministration(statement, database);
  }
}
