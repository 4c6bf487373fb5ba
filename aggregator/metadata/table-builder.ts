// CREATE TABLE as written becomes a table as the catalog keeps it.

import { databaseError } from '#shared/error.ts';
import type {
  CheckDefinition,
  ColumnDefinition,
  ForeignKeyDefinition,
  IndexDefinition,
  TableDefinition,
} from '#shared/cluster/table-definition.ts';
import { resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';
import type { Collation } from '#shared/sql/column-type.ts';
import type {
  CheckSyntax,
  ColumnSyntax,
  CreateTable,
  ForeignKeySyntax,
  IndexSyntax,
  TableOption,
} from '#aggregator/parser/ast-definition.ts';
import { buildColumn, hiddenKeyColumn, HIDDEN_KEY } from './column-builder.ts';
import type { DatabaseDefinition } from './database-definition.ts';
import type { DefinitionNotes } from './definition-notes.ts';
import { addForeignKeyIndexes, addIndex, type FindColumn } from './index-builder.ts';
import { checkDistinctNames, isName } from './names.ts';
import { decideSpread } from './table-spread.ts';

/** Tables of our own in a partition's file begin so. */
const internalPrefix = '_twinleaf_';

/** Throws wrongTableName for a name that MySQL, or a partition, cannot have. */
export function checkTableName(name: string): void {
  const isInternal = name.toLowerCase().startsWith(internalPrefix);
  const isSqlites = name.toLowerCase().startsWith('sqlite_');
  // The store keeps names as keys, and takes no `__proto__` for one.
  if (isName(name) && !isInternal && !isSqlites && name !== '__proto__') return;
  throw databaseError('wrongTableName', { name });
}

function optionOf(options: readonly TableOption[], name: string): string | null {
  return options.findLast((option) => option.name === name)?.value ?? null;
}

/** The collation of a table: its COLLATE, its CHARSET, or the database's. */
export function tableCollation(
  options: readonly TableOption[],
  inherited: Collation,
  notes: DefinitionNotes,
): Collation {
  const collate = optionOf(options, 'collate');
  if (collate !== null) return notes.collation(collate, resolveCollation(collate));
  const charset = optionOf(options, 'charset');
  if (charset === null) return inherited;
  return notes.collation(charset, resolveCharacterSet(charset));
}

/** Finds columns by name, whatever the case, as MySQL does. */
export function columnFinder(columns: readonly { readonly name: string }[]): FindColumn {
  const names = new Map(columns.map(({ name }) => [name.toLowerCase(), name]));
  return (name) => names.get(name.toLowerCase());
}

function inlineIndex(column: ColumnSyntax): IndexSyntax | null {
  if (column.key === null) return null;
  const { at, name } = column;
  const part = { kind: 'column', at, column: name, prefixLength: null, descending: false } as const;
  return { at, kind: column.key, name: null, parts: [part], comment: '' };
}

/** Keys in MySQL's order: the primary key, then as written, columns' own before the table's. */
function indexSyntaxes(statement: CreateTable): IndexSyntax[] {
  const inline = statement.columns.map(inlineIndex).filter((index) => index !== null);
  return [...inline, ...statement.indexes];
}

function primaryColumns(syntaxes: readonly IndexSyntax[]): Set<string> {
  const primary = syntaxes.find((index) => index.kind === 'primary');
  const parts = primary?.parts ?? [];
  return new Set(parts.map((part) => (part.kind === 'column' ? part.column.toLowerCase() : '')));
}

function foreignKeyOf(
  syntax: ForeignKeySyntax,
  name: string,
  findColumn: FindColumn,
): ForeignKeyDefinition {
  const { references } = syntax;
  if (references.columns.length !== syntax.columns.length) {
    throw databaseError('foreignKeyColumns', { name });
  }
  if (references.onDelete === 'set default' || references.onUpdate === 'set default') {
    throw databaseError('unsupported', { what: 'SET DEFAULT in a foreign key' });
  }
  const columns = syntax.columns.map((column) => {
    const found = findColumn(column);
    if (found === undefined) throw databaseError('keyColumnMissing', { column });
    return found;
  });
  return {
    name,
    columns,
    referencedTable: references.table.table,
    referencedColumns: references.columns,
    onDelete: references.onDelete ?? 'no action',
    onUpdate: references.onUpdate ?? 'no action',
  };
}

/** The foreign keys with names, as `t_ibfk_1` where none was written. */
export function buildForeignKeys(
  table: string,
  syntaxes: readonly ForeignKeySyntax[],
  context: { readonly findColumn: FindColumn; readonly taken: readonly ForeignKeyDefinition[] },
): ForeignKeyDefinition[] {
  const keys = [...context.taken];
  for (const syntax of syntaxes) {
    let number = keys.length + 1;
    const isTaken = (name: string): boolean => keys.some((key) => key.name === name);
    while (syntax.name === null && isTaken(`${table}_ibfk_${number}`)) number += 1;
    const name = syntax.name ?? `${table}_ibfk_${number}`;
    if (isTaken(name)) throw databaseError('duplicateKeyName', { name });
    keys.push(foreignKeyOf(syntax, name, context.findColumn));
  }
  return keys;
}

/** How the statement's session has its definitions built. */
export interface DefinitionContext {
  readonly notes: DefinitionNotes;
  /** The sql_mode takes a DEFAULT of '0000-00-00'. */
  readonly zeroDates: boolean;
  /** A CHECK of the table with these columns. Throws for an expression that is none. */
  readonly compileCheck: (check: CheckSource) => CheckDefinition;
  /** The columns, with the SQLite of those that are generated. Throws as compileCheck. */
  readonly compileGenerated: (source: ColumnsSource) => readonly ColumnDefinition[];
}

/** The columns of a table that is on its way. */
export interface ColumnsSource {
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
}

/** A CHECK as the catalog keeps it, and whose it is. */
export interface CheckSource {
  readonly name: string;
  /** The MySQL expression. */
  readonly text: string;
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
}

/** The CHECK constraints, as `t_chk_1` where no name was written. */
export function buildChecks(
  { name: table, columns, checks: taken }: Pick<TableParts, 'name' | 'columns' | 'checks'>,
  syntaxes: readonly CheckSyntax[],
  { notes, compileCheck }: DefinitionContext,
): readonly CheckDefinition[] {
  const checks = [...taken];
  const isTaken = (name: string): boolean =>
    checks.some((check) => check.name.toLowerCase() === name.toLowerCase());
  for (const syntax of syntaxes) {
    if (!syntax.enforced) {
      notes.warn('A CHECK that is NOT ENFORCED is not kept');
      continue;
    }
    let number = 1;
    while (syntax.name === null && isTaken(`${table}_chk_${number}`)) number += 1;
    const name = syntax.name ?? `${table}_chk_${number}`;
    if (isTaken(name)) throw databaseError('checkDuplicate', { name });
    checks.push(compileCheck({ name, text: syntax.expression.text, table, columns }));
  }
  return checks;
}

/**
 * SQLite takes up to 2000, but applies a row's change only where an expression over all columns,
 * one in the other, stays below its 1000 levels.
 */
const COLUMNS_MAX = 900;

function checkColumns(columns: readonly ColumnDefinition[]): void {
  if (columns.length === 0) throw databaseError('noColumns', {});
  if (columns.length > COLUMNS_MAX) throw databaseError('tooManyColumns', {});
  const hidden = columns.find(({ name }) => name.toLowerCase() === HIDDEN_KEY);
  if (hidden !== undefined) throw databaseError('wrongColumnName', { name: hidden.name });
  checkDistinctNames(columns);
}

/** One AUTO_INCREMENT column at most, and it is the first of a key. */
function checkAutoIncrement(
  columns: readonly ColumnDefinition[],
  indexes: readonly IndexDefinition[],
): void {
  const automatic = columns.filter((column) => column.autoIncrement);
  const [first] = automatic;
  if (first === undefined) return;
  const isKeyed = indexes.some((index) => index.parts[0]?.column === first.name);
  if (automatic.length > 1 || !isKeyed) throw databaseError('wrongAutoIncrement', {});
}

/** Names of the tables whose foreign keys point to `table`, itself left out. */
function referencingTables(database: DatabaseDefinition, table: string): string[] {
  const names: string[] = [];
  for (const { name, foreignKeys } of Object.values(database.tables)) {
    // Most have none, and there may be thousands.
    if (foreignKeys.length === 0 || name === table) continue;
    if (foreignKeys.some((key) => key.referencedTable === table)) names.push(name);
  }
  return names;
}

/** What is asked of a table, once its columns and keys are known: shared by CREATE and ALTER. */
export interface TableParts {
  readonly id: number;
  readonly name: string;
  readonly reference: boolean;
  /** SHARD KEY's columns as written; null where it was not. */
  readonly shardKey: readonly string[] | null;
  /** Without the hidden key. */
  readonly columns: readonly ColumnDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly foreignKeys: readonly ForeignKeyDefinition[];
  readonly checks: TableDefinition['checks'];
  readonly collation: Collation;
  readonly comment: string;
}

/** Puts a table together: hidden key, keys of foreign keys, and where its rows live. */
export function assembleTable(
  parts: TableParts,
  database: DatabaseDefinition,
  notes: DefinitionNotes,
): TableDefinition {
  checkColumns(parts.columns);
  const hasPrimary = parts.indexes.some((index) => index.kind === 'primary');
  const written = addForeignKeyIndexes(parts.indexes, parts.foreignKeys);
  const hiddenPart = { column: HIDDEN_KEY, descending: false };
  const hiddenIndex = {
    name: 'PRIMARY',
    kind: 'primary',
    parts: [hiddenPart],
    comment: '',
  } as const;
  const indexes = hasPrimary ? written : [hiddenIndex, ...written];
  const columns = hasPrimary ? parts.columns : [...parts.columns, hiddenKeyColumn()];
  checkAutoIncrement(columns, indexes);
  const findColumn = columnFinder(parts.columns);
  const shardKey = parts.shardKey?.map((column) => {
    const found = findColumn(column);
    if (found === undefined) throw databaseError('keyColumnMissing', { column });
    return found;
  });
  const decision = decideSpread({
    reference: parts.reference,
    shardKey: shardKey ?? null,
    indexes,
    foreignKeys: parts.foreignKeys,
    referencedBy: referencingTables(database, parts.name),
    hiddenKey: hasPrimary ? null : HIDDEN_KEY,
  });
  refuseGenerated(parts, decision.shardKey);
  if (decision.warning !== null) notes.warn(decision.warning);
  const { id, name, foreignKeys, checks, collation, comment } = parts;
  return {
    id,
    name,
    spread: decision.spread,
    shardKey: decision.shardKey,
    shardKeyExplicit: decision.explicit,
    columns,
    indexes,
    foreignKeys,
    checks,
    collation,
    comment,
  };
}

/** Rows are placed, and point to parents, by what their writer gives. */
function refuseGenerated(
  { columns, indexes, foreignKeys }: TableParts,
  shardKey: readonly string[],
): void {
  const primary = indexes.find((index) => index.kind === 'primary');
  const keys = [
    shardKey,
    (primary?.parts ?? []).map((part) => part.column),
    ...foreignKeys.map((key) => key.columns),
  ];
  const used = keys.flat();
  const found = columns.find(({ name, generated }) => generated && used.includes(name));
  if (found === undefined) return;
  const what = `the generated column '${found.name}' in a PRIMARY, SHARD or FOREIGN KEY`;
  throw databaseError('unsupported', { what });
}

/** The table that a CREATE TABLE with columns asks for. Pure: nothing is made yet. */
export function buildTable(
  statement: CreateTable,
  database: DatabaseDefinition,
  context: DefinitionContext,
): TableDefinition {
  const { table: name } = statement.table;
  const { notes } = context;
  checkTableName(name);
  if (statement.partitioned) notes.warn('PARTITION BY has no effect: rows are spread by hash');
  const collation = tableCollation(statement.options, database.collation, notes);
  const syntaxes = indexSyntaxes(statement);
  const primary = primaryColumns(syntaxes);
  const isInPrimaryKey = (column: string): boolean => primary.has(column.toLowerCase());
  const built = statement.columns.map((column) =>
    buildColumn(column, { ...context, collation, isInPrimaryKey }),
  );
  const columns = context.compileGenerated({ table: name, columns: built });
  const findColumn = columnFinder(columns);
  let indexes: IndexDefinition[] = [];
  for (const syntax of syntaxes) indexes = addIndex(indexes, syntax, { findColumn, notes });
  // MySQL parses REFERENCES behind a column and, unlike MariaDB, does nothing with it.
  if (statement.columns.some((column) => column.references !== null)) {
    notes.warn('REFERENCES behind a column has no effect');
  }
  const keys = { findColumn, taken: [] };
  const foreignKeys = buildForeignKeys(name, statement.foreignKeys, keys);
  const inline = statement.columns.flatMap((column) => column.checks);
  const checks = [...inline, ...statement.checks];
  const parts: TableParts = {
    id: database.nextTableId,
    name,
    reference: statement.reference,
    shardKey: statement.shardKey?.columns ?? null,
    columns,
    indexes,
    foreignKeys,
    checks: buildChecks({ name, columns, checks: [] }, checks, context),
    collation,
    comment: optionOf(statement.options, 'comment') ?? '',
  };
  return assembleTable(parts, database, notes);
}
