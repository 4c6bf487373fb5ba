// The column that a result's column would be in a table: CREATE TABLE … SELECT, and views.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { findTable } from './find-table.ts';

type Tables = Pick<CatalogReader, 'database'>;

/** A plain column keeps its default and its comment; a computed one has its type's nothing. */
export function columnOfResult(catalog: Tables, column: ResultColumn): ColumnDefinition {
  const { name, nullable } = column;
  const source = sourceOf(catalog, column);
  if (source === null) return computed(column);
  const kept = { ...source, name, nullable, autoIncrement: false };
  if (!source.autoIncrement) return kept;
  return { ...kept, default: nullable ? { kind: 'value', value: null } : zeroOf(source.type) };
}

function sourceOf(catalog: Tables, column: ResultColumn): ColumnDefinition | null {
  const { database, originalTable, originalName } = column;
  if (database === '' || originalTable === '') return null;
  const table = findTable(catalog, database, originalTable);
  const found = table?.columns.find((one) => one.name === originalName);
  if (found === undefined || found.generated !== undefined) return null;
  // What a view was made with may be of another type by now.
  const isStale = table?.view !== undefined && typeText(found.type) !== typeText(column.type);
  return isStale ? null : found;
}

function computed({ name, type, nullable }: ResultColumn): ColumnDefinition {
  const stored: ColumnType =
    type.kind === 'null' ? { kind: 'binary', form: 'binary', length: 0 } : type;
  return {
    name,
    type: stored,
    nullable,
    default: nullable ? { kind: 'value', value: null } : zeroOf(stored),
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  };
}

/** What a row gets that leaves the column out. */
function zeroOf(type: ColumnType): ColumnDefinition['default'] {
  switch (type.kind) {
    case 'integer':
      return { kind: 'value', value: 0n };
    case 'double':
    case 'float':
      return { kind: 'value', value: 0 };
    case 'string':
      if (type.form !== 'char' && type.form !== 'varchar') return { kind: 'none' };
      return { kind: 'value', value: '' };
    default:
      return { kind: 'none' };
  }
}
