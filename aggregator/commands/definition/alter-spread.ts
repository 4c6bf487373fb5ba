// Where the rows of an altered table live: where they are, as long as its keys can be held there.

import { HIDDEN_KEY } from '#aggregator/metadata/column-builder.ts';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeText } from '#shared/sql/type-text.ts';
import type { ColumnSource } from './alter-actions.ts';

/** A table before and after, and where the values of its new columns come from. */
export interface AlteredShape {
  readonly before: TableDefinition;
  /** As CREATE TABLE would make it. */
  readonly after: TableDefinition;
  /** By the name of the new column. */
  readonly sources: ReadonlyMap<string, ColumnSource>;
}

/** The name that an old column has now; undefined for one that is gone. */
function newNameOf({ sources }: AlteredShape, old: string): string | undefined {
  for (const [name, source] of sources) {
    if (source.kind === 'column' && source.before.name === old) return name;
  }
  return undefined;
}

/** The old shard key under its new names; null where a column of it is gone. */
function shardKeyNow(shape: AlteredShape): readonly string[] | null {
  const names = shape.before.shardKey.map((column) => newNameOf(shape, column));
  const columns = names.filter((name) => name !== undefined);
  const { after } = shape;
  const isThere = columns.every((name) => after.columns.some((column) => column.name === name));
  return isThere && columns.length === names.length ? columns : null;
}

/** Whether every key of the table that has to be unique holds all these columns. */
function isInEveryKey(table: TableDefinition, shardKey: readonly string[]): boolean {
  return table.indexes.every(({ kind, parts }) => {
    if (kind !== 'primary' && kind !== 'unique') return true;
    const columns = parts.map(({ column }) => column);
    return columns[0] === HIDDEN_KEY || shardKey.every((column) => columns.includes(column));
  });
}

/**
 * The table with its rows left where they are, if it may be so. One whose rows are all in one
 * partition keeps them there, though its keys might now be spread again.
 */
export function keepSpread(shape: AlteredShape): TableDefinition {
  const { before, after } = shape;
  if (after.shardKeyExplicit || after.spread !== 'sharded') return after;
  if (before.spread === 'single') return { ...after, spread: 'single', shardKey: [] };
  const kept = before.spread === 'sharded' ? shardKeyNow(shape) : null;
  if (kept === null || !isInEveryKey(after, kept)) return after;
  return { ...after, shardKey: kept };
}

/** Whether equal values have equal slots under both types: else the rows' places change. */
function hashesAlike(before: ColumnType, after: ColumnType): boolean {
  if (before.kind === 'string' && after.kind === 'string') {
    return before.collation === after.collation && before.form === after.form;
  }
  if (before.kind === 'integer' && after.kind === 'integer') return true;
  return typeText(before) === typeText(after);
}

/** Whether rows may belong to another partition than the one they are in. */
export function movesRows(shape: AlteredShape): boolean {
  const { before, after } = shape;
  if (before.spread !== after.spread) return true;
  if (before.spread !== 'sharded') return false;
  const kept = shardKeyNow(shape);
  if (kept === null || kept.join() !== after.shardKey.join()) return true;
  return kept.some((name, index) => {
    const old = must(before.columns.find((column) => column.name === before.shardKey[index]));
    const fresh = must(after.columns.find((column) => column.name === name));
    return !hashesAlike(old.type, fresh.type);
  });
}
