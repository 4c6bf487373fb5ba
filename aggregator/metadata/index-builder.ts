// The keys of a table: those written, those that MySQL adds, and the names it gives them.

import { databaseError } from '#shared/error.ts';
import type {
  ForeignKeyDefinition,
  IndexDefinition,
  IndexPart,
} from '#shared/cluster/table-definition.ts';
import type { IndexPartSyntax, IndexSyntax } from '#aggregator/parser/ast-definition.ts';
import type { DefinitionNotes } from './definition-notes.ts';

/** Says which column is meant, in the table's own spelling; undefined when there is none. */
export type FindColumn = (name: string) => string | undefined;

function partOf(syntax: IndexPartSyntax, findColumn: FindColumn): IndexPart {
  if (syntax.kind === 'expression') {
    throw databaseError('unsupported', { what: 'a key over an expression' });
  }
  const column = findColumn(syntax.column);
  if (column === undefined) throw databaseError('keyColumnMissing', { column: syntax.column });
  const { prefixLength, descending } = syntax;
  return { column, descending, ...(prefixLength === null ? {} : { prefixLength }) };
}

/** `base`, or `base_2`, `base_3`, …: the first that no key has. */
function freeIndexName(base: string, taken: readonly IndexDefinition[]): string {
  const names = new Set(taken.map((index) => index.name.toLowerCase()));
  if (!names.has(base.toLowerCase())) return base;
  let number = 2;
  while (names.has(`${base}_${number}`.toLowerCase())) number += 1;
  return `${base}_${number}`;
}

/**
 * The indexes with one more. Throws multiplePrimaryKeys, duplicateKeyName, keyColumnMissing or
 * duplicateColumn. FULLTEXT and SPATIAL keys are kept by name only, with a warning.
 */
export function addIndex(
  indexes: readonly IndexDefinition[],
  syntax: IndexSyntax,
  context: { readonly findColumn: FindColumn; readonly notes: DefinitionNotes },
): IndexDefinition[] {
  const parts = syntax.parts.map((part) => partOf(part, context.findColumn));
  const columns = parts.map((part) => part.column);
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index);
  if (repeated !== undefined) throw databaseError('duplicateColumn', { name: repeated });
  const isPrimary = syntax.kind === 'primary';
  if (isPrimary && indexes.some((index) => index.kind === 'primary')) {
    throw databaseError('multiplePrimaryKeys', {});
  }
  const name = isPrimary ? 'PRIMARY' : nameOf(syntax, columns, indexes);
  if (syntax.kind === 'fulltext' || syntax.kind === 'spatial') {
    context.notes.warn(`The ${syntax.kind.toUpperCase()} key '${name}' is kept without effect`);
  }
  if (syntax.kind === 'unique' && parts.some((part) => part.prefixLength !== undefined)) {
    throw databaseError('unsupported', { what: 'a UNIQUE key over a prefix' });
  }
  const index: IndexDefinition = { name, kind: syntax.kind, parts, comment: syntax.comment };
  return isPrimary ? [index, ...indexes] : [...indexes, index];
}

function nameOf(
  syntax: IndexSyntax,
  columns: readonly string[],
  indexes: readonly IndexDefinition[],
): string {
  if (syntax.name === null) return freeIndexName(columns[0] ?? 'key', indexes);
  const wanted = syntax.name.toLowerCase();
  if (indexes.some((index) => index.name.toLowerCase() === wanted)) {
    throw databaseError('duplicateKeyName', { name: syntax.name });
  }
  return syntax.name;
}

function beginsWith(index: IndexDefinition, columns: readonly string[]): boolean {
  return columns.every((column, at) => index.parts[at]?.column === column);
}

/** MySQL gives the columns of a foreign key an index of its name, unless they have one. */
export function addForeignKeyIndexes(
  indexes: readonly IndexDefinition[],
  foreignKeys: readonly ForeignKeyDefinition[],
): IndexDefinition[] {
  let all = [...indexes];
  for (const key of foreignKeys) {
    if (all.some((index) => beginsWith(index, key.columns))) continue;
    const parts = key.columns.map((column) => ({ column, descending: false }));
    const name = freeIndexName(key.name, all);
    all = [...all, { name, kind: 'index', parts, comment: '' }];
  }
  return all;
}
