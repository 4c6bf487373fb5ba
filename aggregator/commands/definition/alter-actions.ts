// The actions of an ALTER TABLE, one after another, on a table's parts and its rows' values.

import { sameName } from '#aggregator/planner/resolve-environment.ts';
import { addIndex } from '#aggregator/metadata/index-builder.ts';
import { buildColumn } from '#aggregator/metadata/column-builder.ts';
import { columnDefaultOf } from '#aggregator/metadata/column-default-of.ts';
import {
  buildChecks,
  buildForeignKeys,
  columnFinder,
  tableCollation,
  type DefinitionContext,
  type TableParts,
} from '#aggregator/metadata/table-builder.ts';
import type {
  AlterAction,
  ColumnPosition,
  ColumnSyntax,
} from '#aggregator/parser/ast-definition.ts';
import { unreachable } from '#shared/assert.ts';
import type {
  CheckDefinition,
  ColumnDefinition,
  IndexDefinition,
} from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';

/** Where a column's values come from when the table is made anew. */
export type ColumnSource =
  { readonly kind: 'column'; readonly before: ColumnDefinition } | { readonly kind: 'default' };

/** A table on its way through the actions. */
export interface AlterState {
  readonly parts: TableParts;
  readonly sources: ReadonlyMap<string, ColumnSource>;
}

function mustFind(state: AlterState, name: string): ColumnDefinition {
  const found = columnFinder(state.parts.columns)(name);
  const column = state.parts.columns.find((entry) => entry.name === found);
  if (column === undefined) {
    throw databaseError('unknownColumn', { column: name, clause: state.parts.name });
  }
  return column;
}

function place(
  columns: readonly ColumnDefinition[],
  column: ColumnDefinition,
  position: ColumnPosition | null,
  at: number,
): ColumnDefinition[] {
  if (position === null) return columns.toSpliced(at, 0, column);
  if (position.kind === 'first') return [column, ...columns];
  const after = columns.findIndex(
    (entry) => entry.name.toLowerCase() === position.column.toLowerCase(),
  );
  if (after < 0) {
    throw databaseError('unknownColumn', { column: position.column, clause: 'AFTER' });
  }
  return columns.toSpliced(after + 1, 0, column);
}

function builtColumn(state: AlterState, syntax: ColumnSyntax, context: DefinitionContext) {
  const primary = state.parts.indexes.find((index) => index.kind === 'primary');
  const isInPrimaryKey = (name: string): boolean =>
    primary?.parts.some((part) => part.column.toLowerCase() === name.toLowerCase()) ?? false;
  const { collation } = state.parts;
  return buildColumn(syntax, { ...context, collation, isInPrimaryKey });
}

/** What a column's own PRIMARY KEY, UNIQUE or CHECK makes. */
function withInlineConstraints(
  before: AlterState,
  syntax: ColumnSyntax,
  context: DefinitionContext,
): AlterState {
  const checks = buildChecks(before.parts, syntax.checks, context);
  const state = { ...before, parts: { ...before.parts, checks } };
  if (syntax.key === null) return state;
  const { at, name: column } = syntax;
  const part = { kind: 'column', at, column, prefixLength: null, descending: false } as const;
  const index = { at, kind: syntax.key, name: null, parts: [part], comment: '' };
  return withIndex(state, index, context);
}

function withIndex(
  state: AlterState,
  index: Parameters<typeof addIndex>[1],
  context: DefinitionContext,
): AlterState {
  const findColumn = columnFinder(state.parts.columns);
  const indexes = addIndex(state.parts.indexes, index, { findColumn, notes: context.notes });
  if (index.kind !== 'primary') return { ...state, parts: { ...state.parts, indexes } };
  const keyed = new Set(indexes[0]?.parts.map((part) => part.column));
  const columns = state.parts.columns.map((column) =>
    keyed.has(column.name) ? { ...column, nullable: false } : column,
  );
  return { ...state, parts: { ...state.parts, indexes, columns } };
}

function addColumn(
  state: AlterState,
  action: Extract<AlterAction, { kind: 'addColumn' }>,
  context: DefinitionContext,
): AlterState {
  const { columns } = state.parts;
  if (columnFinder(columns)(action.column.name) !== undefined) {
    throw databaseError('duplicateColumn', { name: action.column.name });
  }
  const column = builtColumn(state, action.column, context);
  const sources = new Map(state.sources).set(column.name, { kind: 'default' });
  const placed = place(columns, column, action.position, columns.length);
  const added = { parts: { ...state.parts, columns: placed }, sources };
  return withInlineConstraints(added, action.column, context);
}

/** Keys without the column; one that has no column left is gone. */
function indexesWithout(indexes: readonly IndexDefinition[], column: string): IndexDefinition[] {
  return indexes
    .map((index) => ({ ...index, parts: index.parts.filter((part) => part.column !== column) }))
    .filter((index) => index.parts.length > 0);
}

function dropColumn(state: AlterState, name: string): AlterState {
  const found = columnFinder(state.parts.columns)(name);
  if (found === undefined) throw databaseError('cannotDrop', { name });
  const { parts } = state;
  if (parts.columns.length === 1) throw databaseError('lastColumn', {});
  const key = parts.foreignKeys.find((entry) => entry.columns.includes(found));
  if (key !== undefined)
    throw databaseError('cannotDrop', { name: `${found}: needed in ${key.name}` });
  refuseDependency(parts, found);
  const columns = parts.columns.filter((column) => column.name !== found);
  const sources = new Map(state.sources);
  sources.delete(found);
  const indexes = indexesWithout(parts.indexes, found);
  const checks = checksWithout(parts.checks, found);
  return { parts: { ...parts, columns, indexes, checks }, sources };
}

/** Throws generatedDependency where another column is computed from this one. */
function refuseDependency({ columns }: TableParts, name: string): void {
  const isRead = columns.some(({ generated }) => generated?.columns.includes(name) === true);
  if (isRead) throw databaseError('generatedDependency', { column: name });
}

function renamedParts(parts: TableParts, from: string, to: string): TableParts {
  if (from !== to) refuseDependency(parts, from);
  const check = parts.checks.find(({ columns }) => columns.includes(from));
  if (check !== undefined && from !== to) {
    throw databaseError('checkUsesColumn', { name: check.name, column: from });
  }
  const rename = (name: string): string => (name === from ? to : name);
  return {
    ...parts,
    shardKey: parts.shardKey?.map(rename) ?? null,
    indexes: parts.indexes.map((index) => ({
      ...index,
      parts: index.parts.map((part) => ({ ...part, column: rename(part.column) })),
    })),
    foreignKeys: parts.foreignKeys.map((key) => ({ ...key, columns: key.columns.map(rename) })),
  };
}

function replaceColumn(
  state: AlterState,
  from: ColumnDefinition,
  to: ColumnDefinition,
  position: ColumnPosition | null,
): AlterState {
  const at = state.parts.columns.indexOf(from);
  const others = state.parts.columns.filter((column) => column !== from);
  if (columnFinder(others)(to.name) !== undefined) {
    throw databaseError('duplicateColumn', { name: to.name });
  }
  const sources = new Map(state.sources);
  const source = sources.get(from.name);
  sources.delete(from.name);
  if (source !== undefined) sources.set(to.name, source);
  const parts = renamedParts(state.parts, from.name, to.name);
  return { parts: { ...parts, columns: place(others, to, position, at) }, sources };
}

function dropIndex(state: AlterState, name: string): AlterState {
  const { indexes } = state.parts;
  const wanted = name.toLowerCase();
  const index = indexes.find((entry) => entry.name.toLowerCase() === wanted);
  if (index === undefined) throw databaseError('cannotDrop', { name });
  const left = indexes.filter((entry) => entry !== index);
  return { ...state, parts: { ...state.parts, indexes: left } };
}

function dropForeignKey(state: AlterState, name: string): AlterState {
  const left = state.parts.foreignKeys.filter((key) => key.name !== name);
  if (left.length === state.parts.foreignKeys.length) throw databaseError('cannotDrop', { name });
  return { ...state, parts: { ...state.parts, foreignKeys: left } };
}

function dropCheck(state: AlterState, name: string): AlterState {
  const checks = state.parts.checks.filter((check) => !sameName(check.name, name));
  if (checks.length === state.parts.checks.length) throw databaseError('checkNotFound', { name });
  return { ...state, parts: { ...state.parts, checks } };
}

/** Checks of a column that goes: its own go with it, others forbid it. */
function checksWithout(checks: readonly CheckDefinition[], column: string): CheckDefinition[] {
  const shared = checks.find(({ columns }) => columns.includes(column) && columns.length > 1);
  if (shared !== undefined) throw databaseError('checkUsesColumn', { name: shared.name, column });
  return checks.filter(({ columns }) => !columns.includes(column));
}

function dropConstraint(state: AlterState, name: string): AlterState {
  const isForeignKey = state.parts.foreignKeys.some((key) => key.name === name);
  if (!isForeignKey && state.parts.checks.some((check) => sameName(check.name, name))) {
    return dropCheck(state, name);
  }
  return isForeignKey ? dropForeignKey(state, name) : dropIndex(state, name);
}

function renameIndex(state: AlterState, from: string, to: string): AlterState {
  const { indexes } = state.parts;
  if (indexes.some((index) => index.name.toLowerCase() === to.toLowerCase())) {
    throw databaseError('duplicateKeyName', { name: to });
  }
  if (!indexes.some((index) => index.name === from))
    throw databaseError('cannotDrop', { name: from });
  const renamed = indexes.map((index) => (index.name === from ? { ...index, name: to } : index));
  return { ...state, parts: { ...state.parts, indexes: renamed } };
}

function convertCharset(
  state: AlterState,
  action: Extract<AlterAction, { kind: 'convertCharset' }>,
  { notes }: DefinitionContext,
): AlterState {
  const asked = action.collation ?? action.charset;
  const alias = action.collation === null ? resolveCharacterSet(asked) : resolveCollation(asked);
  const collation = notes.collation(asked, alias);
  const columns = state.parts.columns.map((column) =>
    column.type.kind === 'string' ? { ...column, type: { ...column.type, collation } } : column,
  );
  return { ...state, parts: { ...state.parts, collation, columns } };
}

/** The state after one action. RENAME TO is not one of these: it changes no table's shape. */
export function applyAction(
  state: AlterState,
  action: AlterAction,
  context: DefinitionContext,
): AlterState {
  switch (action.kind) {
    case 'addColumn':
      return addColumn(state, action, context);
    case 'dropColumn':
      return dropColumn(state, action.column);
    case 'changeColumn': {
      const from = mustFind(state, action.name);
      const to = builtColumn(state, action.column, context);
      return withInlineConstraints(
        replaceColumn(state, from, to, action.position),
        action.column,
        context,
      );
    }
    case 'renameColumn': {
      const from = mustFind(state, action.from);
      return replaceColumn(state, from, { ...from, name: action.to }, null);
    }
    case 'setDefault': {
      const from = mustFind(state, action.column);
      const to = { ...from, default: columnDefaultOf(from, action.default, context.zeroDates) };
      return replaceColumn(state, from, to, null);
    }
    case 'addIndex':
      return withIndex(state, action.index, context);
    case 'dropIndex':
      return dropIndex(state, action.name);
    case 'renameIndex':
      return renameIndex(state, action.from, action.to);
    case 'dropPrimaryKey':
      return dropIndex(state, 'PRIMARY');
    case 'addForeignKey': {
      const { name, columns, foreignKeys: taken } = state.parts;
      const findColumn = columnFinder(columns);
      const foreignKeys = buildForeignKeys(name, [action.foreignKey], { findColumn, taken });
      return { ...state, parts: { ...state.parts, foreignKeys } };
    }
    case 'dropForeignKey':
      return dropForeignKey(state, action.name);
    case 'addCheck': {
      const checks = buildChecks(state.parts, [action.check], context);
      return { ...state, parts: { ...state.parts, checks } };
    }
    case 'dropCheck':
      return dropCheck(state, action.name);
    case 'dropConstraint':
      return dropConstraint(state, action.name);
    case 'convertCharset':
      return convertCharset(state, action, context);
    case 'options': {
      const { options } = action;
      const collation = tableCollation(options, state.parts.collation, context.notes);
      const comment = options.findLast((option) => option.name === 'comment')?.value;
      return {
        ...state,
        parts: { ...state.parts, collation, comment: comment ?? state.parts.comment },
      };
    }
    case 'hint':
    case 'rename':
      return state;
    default:
      return unreachable(action);
  }
}
