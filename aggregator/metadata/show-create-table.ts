// A table as the CREATE TABLE that makes it again, in MySQL's own layout.

import type {
  ColumnDefinition,
  IndexDefinition,
  TableDefinition,
} from '#shared/cluster/table-definition.ts';
import { stringText } from '#aggregator/parser/print-text.ts';
import { foreignKeyText } from '#shared/cluster/foreign-key-text.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import { takesNoDefault } from './column-default-of.ts';
import { typeName } from './type-name.ts';

/** DEFAULT as text: the value, CURRENT_TIMESTAMP or an expression; null where there is none. */
export function defaultText(column: ColumnDefinition): string | null {
  switch (column.default.kind) {
    case 'none':
      return null;
    case 'value': {
      const { value } = column.default;
      if (value === null) return null;
      const text = formatValue(value, column.type);
      return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
    }
    case 'currentTimestamp':
      return column.default.fsp === 0
        ? 'CURRENT_TIMESTAMP'
        : `CURRENT_TIMESTAMP(${column.default.fsp})`;
    case 'expression':
      return column.default.text;
  }
}

function defaultClause(column: ColumnDefinition): string {
  const text = defaultText(column);
  if (column.default.kind === 'value') {
    if (text !== null) return ` DEFAULT ${stringText(text)}`;
    return column.nullable && !takesNoDefault(column.type) ? ' DEFAULT NULL' : '';
  }
  if (text === null) return '';
  return column.default.kind === 'expression' ? ` DEFAULT (${text})` : ` DEFAULT ${text}`;
}

function collateClause(column: ColumnDefinition, table: { readonly collation: string }): string {
  const { type } = column;
  if (type.kind !== 'string' && type.kind !== 'enum' && type.kind !== 'set') return '';
  if (type.collation === table.collation) return '';
  return ` CHARACTER SET utf8mb4 COLLATE ${type.collation}`;
}

/** A column as CREATE TABLE has it; it names its collation where that is not the table's. */
export function columnLine(
  column: ColumnDefinition,
  table: { readonly collation: string },
): string {
  const parts = [`${nameText(column.name)} ${typeName(column.type)}`];
  parts.push(collateClause(column, table));
  const { generated } = column;
  if (generated !== undefined) {
    const kept = generated.stored ? 'STORED' : 'VIRTUAL';
    parts.push(` GENERATED ALWAYS AS (${generated.text}) ${kept}`);
  }
  if (!column.nullable) parts.push(' NOT NULL');
  else if (column.type.kind === 'timestamp') parts.push(' NULL');
  if (generated === undefined) parts.push(defaultClause(column));
  if (column.autoIncrement) parts.push(' AUTO_INCREMENT');
  if (column.onUpdateCurrentTimestamp) {
    const fsp = 'fsp' in column.type && column.type.fsp > 0 ? `(${column.type.fsp})` : '';
    parts.push(` ON UPDATE CURRENT_TIMESTAMP${fsp}`);
  }
  if (column.comment !== '') parts.push(` COMMENT ${stringText(column.comment)}`);
  return parts.join('');
}

const indexWords: Record<IndexDefinition['kind'], string> = {
  primary: 'PRIMARY KEY',
  unique: 'UNIQUE KEY',
  index: 'KEY',
  fulltext: 'FULLTEXT KEY',
  spatial: 'SPATIAL KEY',
};

function indexLine(index: IndexDefinition): string {
  const parts = index.parts.map((part) => {
    const prefix = part.prefixLength === undefined ? '' : `(${part.prefixLength})`;
    return `${nameText(part.column)}${prefix}${part.descending ? ' DESC' : ''}`;
  });
  const name = index.kind === 'primary' ? '' : ` ${nameText(index.name)}`;
  const comment = index.comment === '' ? '' : ` COMMENT ${stringText(index.comment)}`;
  return `${indexWords[index.kind]}${name} (${parts.join(',')})${comment}`;
}

function shardKeyLine(table: TableDefinition): string[] {
  if (table.spread !== 'sharded' || !table.shardKeyExplicit) return [];
  const hidden = new Set(table.columns.filter((column) => column.hidden).map(({ name }) => name));
  const columns = table.shardKey.filter((name) => !hidden.has(name));
  return [`SHARD KEY (${columns.map(nameText).join(',')})`];
}

/** The statement; `nextNumber` is the AUTO_INCREMENT that comes next, null where none was used. */
export function showCreateTable(table: TableDefinition, nextNumber: bigint | null): string {
  const visible = table.columns.filter((column) => !column.hidden);
  const hidden = new Set(table.columns.filter((column) => column.hidden).map(({ name }) => name));
  const indexes = table.indexes.filter((index) => !hidden.has(index.parts[0]?.column ?? ''));
  const lines = [
    ...visible.map((column) => columnLine(column, table)),
    ...indexes.map(indexLine),
    ...shardKeyLine(table),
    ...table.foreignKeys.map(foreignKeyText),
    ...table.checks.map((check) => `CONSTRAINT ${nameText(check.name)} CHECK (${check.text})`),
  ];
  const kind = table.spread === 'reference' ? 'CREATE REFERENCE TABLE' : 'CREATE TABLE';
  const number =
    nextNumber !== null && nextNumber > 1n && visible.some((column) => column.autoIncrement)
      ? ` AUTO_INCREMENT=${nextNumber}`
      : '';
  const comment = table.comment === '' ? '' : ` COMMENT=${stringText(table.comment)}`;
  const body = lines.map((line) => `  ${line}`).join(',\n');
  return (
    `${kind} ${nameText(table.name)} (\n${body}\n) ENGINE=InnoDB${number} ` +
    `DEFAULT CHARSET=utf8mb4 COLLATE=${table.collation}${comment}`
  );
}
