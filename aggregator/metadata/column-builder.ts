// One column of a CREATE or ALTER TABLE as the catalog keeps it.

import { databaseError } from '#shared/error.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { Collation } from '#shared/sql/column-type.ts';
import type { ColumnSyntax } from '#aggregator/parser/ast-definition.ts';
import { columnDefaultOf } from './column-default-of.ts';
import { columnTypeOf } from './column-type-of.ts';
import type { DefinitionNotes } from './definition-notes.ts';
import { isName } from './names.ts';

/** The key of a table without a primary key. No client ever sees it. */
export const HIDDEN_KEY = '_key';

export interface ColumnContext {
  readonly collation: Collation;
  readonly notes: DefinitionNotes;
  /** The sql_mode takes a DEFAULT of '0000-00-00'. */
  readonly zeroDates: boolean;
  /** Columns of the primary key: they are NOT NULL whether it says so or not. */
  readonly isInPrimaryKey: (column: string) => boolean;
}

/** The column, typed, with its default converted to what it stores. */
export function buildColumn(syntax: ColumnSyntax, context: ColumnContext): ColumnDefinition {
  const { name } = syntax;
  if (!isName(name)) throw databaseError('wrongColumnName', { name });
  const { collation, notes } = context;
  const type = columnTypeOf(syntax.type, { column: name, collation, notes });
  const isInKey = syntax.key === 'primary' || context.isInPrimaryKey(name);
  if (isInKey && syntax.nullable === true) throw databaseError('primaryKeyNullable', {});
  const nullable = !isInKey && !syntax.autoIncrement && syntax.nullable !== false;
  const { autoIncrement, onUpdateCurrentTimestamp, comment, generated } = syntax;
  if (autoIncrement && (type.kind !== 'integer' || syntax.default !== null)) {
    throw databaseError('wrongAutoIncrement', {});
  }
  const isGenerated = generated !== null;
  if (isGenerated && (autoIncrement || onUpdateCurrentTimestamp || syntax.default !== null)) {
    throw databaseError('wrongUsage', { first: 'DEFAULT', second: 'generated column' });
  }
  if (isGenerated && isInKey) {
    throw databaseError('unsupported', { what: `a generated column in the PRIMARY KEY (${name})` });
  }
  const column = { name, type, nullable };
  return {
    ...column,
    default:
      autoIncrement || isGenerated
        ? { kind: 'none' }
        : columnDefaultOf(column, syntax.default, context.zeroDates),
    autoIncrement,
    onUpdateCurrentTimestamp,
    comment,
    hidden: false,
    // Compiled with the whole table, whose columns it reads.
    ...(isGenerated
      ? { generated: { text: generated.text, stored: generated.stored, sqlite: '', columns: [] } }
      : {}),
  };
}

/** The column that keys a table without a primary key; numbered like AUTO_INCREMENT. */
export function hiddenKeyColumn(): ColumnDefinition {
  return {
    name: HIDDEN_KEY,
    type: { kind: 'integer', bits: 64, unsigned: false },
    nullable: false,
    default: { kind: 'none' },
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: true,
  };
}
