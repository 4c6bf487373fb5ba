// The new shape of an altered table: its definition, how rows are copied, and the way back.

import { HIDDEN_KEY } from '#aggregator/metadata/column-builder.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { tableNamed } from '#aggregator/metadata/find-table.ts';
import { livesIn, rebuildStatements } from '#aggregator/metadata/sqlite-table.ts';
import {
  assembleTable,
  checkTableName,
  type DefinitionContext,
  type TableParts,
} from '#aggregator/metadata/table-builder.ts';
import type { AlterAction } from '#aggregator/parser/ast-definition.ts';
import { implicitValue } from '#aggregator/planner/zero-of.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { applyAction, type AlterState, type ColumnSource } from './alter-actions.ts';
import { keepSpread, movesRows, type AlteredShape } from './alter-spread.ts';
import type { TableMove } from './move-rows.ts';
import type { SchemaChange } from './schema-change.ts';
import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';

function partsOf(table: TableDefinition): TableParts {
  const { id, name, columns, indexes, foreignKeys, checks, collation, comment } = table;
  return {
    id,
    name,
    reference: table.spread === 'reference',
    shardKey: table.shardKeyExplicit && table.spread === 'sharded' ? table.shardKey : null,
    columns: columns.filter((column) => !column.hidden),
    indexes: indexes.filter((index) => index.parts[0]?.column !== HIDDEN_KEY),
    foreignKeys,
    checks,
    collation,
    comment,
  };
}

/** `now` is the statement's, in UTC, as a DATETIME(6). */
function defaultExpression(column: ColumnDefinition, now: string): string {
  switch (column.default.kind) {
    case 'value':
      return storedLiteral(column.default.value);
    case 'currentTimestamp': {
      const { fsp } = column.default;
      return storedLiteral(now.slice(0, fsp === 0 ? 19 : 20 + fsp));
    }
    case 'expression':
      throw databaseError('unsupported', { what: `a new column with DEFAULT (expression)` });
    case 'none':
      return storedLiteral(implicitValue(column.type));
  }
}

/** The new value of a column over the old row. */
function sourceExpression(column: ColumnDefinition, source: ColumnSource, now: string): string {
  if (source.kind === 'default') return defaultExpression(column, now);
  const { before } = source;
  const old = quoteIdentifier(before.name);
  const from = typeText(before.type);
  const to = typeText(column.type);
  const types = `${storedLiteral(from)}, ${storedLiteral(to)}, ${storedLiteral(column.name)}`;
  return from === to ? old : `tl_store(${old}, ${types}, 1, 'UTC')`;
}

export interface AlterRequest {
  readonly database: DatabaseDefinition;
  readonly before: TableDefinition;
  readonly actions: readonly AlterAction[];
  readonly context: DefinitionContext;
  readonly now: string;
}

/** What an ALTER TABLE does to a table, and how. */
export interface Alteration extends TableMove {
  /**
   * Queries over the rows of before, for a change that cannot be taken back: one that raises an
   * error, or yields a row, forbids it. Null where the change can be taken back.
   */
  readonly checks: readonly string[] | null;
  /** The change that leaves rows in their partitions; null where they have to be moved. */
  readonly inPlace: SchemaChange | null;
  /** A column that counts from now on and did not before; null where there is none. */
  readonly newlyCounted: string | null;
}

/** The table after all actions, where its rows live, and how they are copied. */
function alteredTable(request: AlterRequest): TableMove & AlteredShape {
  const { database, before, context, now } = request;
  const known = before.columns.map(
    (column) => [column.name, { kind: 'column', before: column } satisfies ColumnSource] as const,
  );
  let state: AlterState = { parts: partsOf(before), sources: new Map(known) };
  for (const action of request.actions) state = applyAction(state, action, context);
  const { sources } = state;
  const { name: table } = state.parts;
  // A column may have another type now, by which it is compared and computed.
  const columns = context.compileGenerated({ table, columns: state.parts.columns });
  const checks = state.parts.checks.map(({ name, text }) =>
    context.compileCheck({ name, text, table, columns }),
  );
  const assembled = assembleTable({ ...state.parts, columns, checks }, database, context.notes);
  const kept = keepSpread({ before, after: assembled, sources });
  const after = { ...kept, shardKeyExplicit: before.shardKeyExplicit };
  const numbered: string[] = [];
  const values = after.columns.map((column) => {
    const source = sources.get(column.name) ?? { kind: 'default' };
    if (column.generated !== undefined) return [column.name, column.generated.sqlite] as const;
    const isNumbered = source.kind === 'default' && (column.hidden || column.autoIncrement);
    if (isNumbered) numbered.push(column.name);
    return [column.name, isNumbered ? 'NULL' : sourceExpression(column, source, now)] as const;
  });
  return { before, after, sources, values: new Map(values), numbered };
}

function newlyCountedColumn({ after, sources }: AlteredShape): string | null {
  const column = after.columns.find(({ autoIncrement }) => autoIncrement);
  const source = column && sources.get(column.name);
  if (source?.kind !== 'column' || source.before.autoIncrement) return null;
  return column?.name ?? null;
}

/** Queries that find a row which the new column cannot take. */
function columnChecks(
  from: string,
  column: ColumnDefinition,
  expression: string,
): readonly string[] {
  // No value has the type '': every row is looked at, and a conversion that fails is met.
  const convertible = `SELECT 1 FROM ${from} WHERE typeof(${expression}) = '' LIMIT 1`;
  if (column.nullable) return [convertible];
  return [convertible, `SELECT 1 FROM ${from} WHERE (${expression}) IS NULL LIMIT 1`];
}

/** What is generated reads the new columns, as does what is generated after it. */
function rowChecks(
  { before, after, values, numbered }: TableMove,
  newlyCounted: string | null,
): readonly string[] {
  const old = quoteIdentifier(before.name);
  const isCopied = ({ generated }: ColumnDefinition): boolean => generated === undefined;
  const valueOf = ({ name }: ColumnDefinition): string => must(values.get(name));
  const item = (column: ColumnDefinition): string =>
    `${valueOf(column)} AS ${quoteIdentifier(column.name)}`;
  const copied = after.columns.filter(isCopied);
  const checks = copied
    .filter(({ name }) => !numbered.includes(name) && name !== newlyCounted)
    .flatMap((column) => columnChecks(old, column, valueOf(column)));
  let rows = `(SELECT ${copied.map(item).join(', ')} FROM ${old})`;
  for (const column of after.columns) {
    if (isCopied(column)) continue;
    checks.push(...columnChecks(rows, column, valueOf(column)));
    rows = `(SELECT *, ${item(column)} FROM ${rows})`;
  }
  return checks;
}

/** The change of shape, which the rows of some partition may refuse: then it is taken back. */
export function alterChange(request: AlterRequest): Alteration {
  const { before } = request;
  const altered = alteredTable(request);
  const { after, values, numbered } = altered;
  const newlyCounted = newlyCountedColumn(altered);
  const isReversible = before.columns.every((column) =>
    after.columns.some(
      (entry) => entry.name === column.name && typeText(entry.type) === typeText(column.type),
    ),
  );
  // What is moved is read first, and so can be put back.
  const mustMove =
    movesRows(altered) || numbered.length > 0 || (!isReversible && hasNewUniqueKey(before, after));
  if (mustMove && before.spread === 'reference') {
    throw databaseError('unsupported', { what: 'numbering the rows of a reference table' });
  }
  const move = { before, after, values, numbered, newlyCounted };
  const inPlace = mustMove ? null : inPlaceChange(altered, isReversible ? request.now : null);
  if (isReversible && !mustMove) return { ...move, inPlace, checks: null };
  return { ...move, inPlace, checks: rowChecks(altered, newlyCounted) };
}

/** `now` is null for a change that cannot be taken back. */
function inPlaceChange({ before, after, values }: TableMove, now: string | null): SchemaChange {
  const back = (): ReadonlyMap<string, string> =>
    new Map(
      before.columns.map((column) => {
        const old = after.columns.find((entry) => entry.name === column.name);
        const source = { kind: 'column', before: must(old) } as const;
        return [column.name, sourceExpression(column, source, must(now))] as const;
      }),
    );
  return {
    put: [after],
    drop: [],
    statements: (place) => rebuildStatements({ before, after }, values, place),
    undo:
      now === null
        ? null
        : (place) => rebuildStatements({ before: after, after: before }, back(), place),
  };
}

/** Whether rows of before could be refused for a key that is new. */
export function hasNewUniqueKey(before: TableDefinition, after: TableDefinition): boolean {
  const known = new Set(before.indexes.map((index) => JSON.stringify(index.parts)));
  return after.indexes.some(
    (index) => index.kind !== 'index' && !known.has(JSON.stringify(index.parts)),
  );
}

/** The table under another name; foreign keys to it go with it. */
export function renameChange(
  database: DatabaseDefinition,
  table: TableDefinition,
  to: string,
): SchemaChange {
  checkTableName(to);
  if (tableNamed(database, to) !== undefined) throw databaseError('tableExists', { name: to });
  const children = Object.values(database.tables)
    .filter((child) => child.foreignKeys.some((key) => key.referencedTable === table.name))
    .map((child) => (child.name === table.name ? { ...child, name: to } : child));
  const renamed = { ...table, name: to };
  const put = [renamed, ...children.filter((child) => child.name !== to)].map((entry) => ({
    ...entry,
    foreignKeys: entry.foreignKeys.map((key) =>
      key.referencedTable === table.name ? { ...key, referencedTable: to } : key,
    ),
  }));
  const values = new Map(
    table.columns.map((column) => [column.name, quoteIdentifier(column.name)] as const),
  );
  const after = must(put[0]);
  return {
    put,
    drop: [table.name],
    statements: (place) =>
      livesIn(table, place)
        ? [
            `ALTER TABLE ${quoteIdentifier(table.name)} RENAME TO ${quoteIdentifier(to)}`,
            // Made anew, so that its indexes carry the new name in their own.
            ...rebuildStatements({ before: after, after }, values, place),
          ]
        : [],
    undo: null,
  };
}
