// The SQLite text of an INSERT, and of the question how many rows are in its way.

import { foreignKeyOf } from '#shared/cluster/foreign-key-text.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import type {
  ColumnDefinition,
  ForeignKeyDefinition,
  TableDefinition,
} from '#shared/cluster/table-definition.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { collationKeySql } from '#shared/sql/collation.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { CompiledStatement } from '#shared/wire/message.ts';
import { must } from '#shared/assert.ts';
import { deparseExpression } from './deparse/deparse-expression.ts';
import { relationAlias } from './deparse/deparse-context.ts';
import { joined, quoteName, sql, text, type Fragment } from './deparse/fragment.ts';
import { partitionContext } from './planning.ts';
import type { OnDuplicate, ResolvedInsert } from './resolve-insert.ts';
import type { WriteTarget } from './resolve-target.ts';

/** The row that is to be inserted, where it stands beside others. */
const NEW_ROW = '" new"';

/** The columns that an INSERT of ours always names: all that SQLite keeps. */
export function storedColumns(table: TableDefinition): readonly ColumnDefinition[] {
  return table.columns.filter((column) => column.generated === undefined);
}

/** `INSERT … VALUES (?, …)` over the stored columns, for one row. */
export function insertText(insert: ResolvedInsert): Fragment {
  const { table } = insert.target;
  const columns = storedColumns(table);
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  const holes = columns.map(() => '?').join(', ');
  const verb = insert.mode === 'replace' ? 'INSERT OR REPLACE' : 'INSERT';
  const alias =
    insert.onDuplicate === null ? '' : ` AS ${relationAlias(insert.onDuplicate.existing)}`;
  if (asksForViolations(insert)) return text(checkedInsert(table));
  const base = `${verb} INTO ${quoteName(table.name)}${alias} (${names}) VALUES (${holes})`;
  if (insert.onDuplicate !== null) return sql`${base} ${conflictClause(insert.onDuplicate)}`;
  return sql`${base}${insert.mode === 'ignore' ? ' ON CONFLICT DO NOTHING' : ''}`;
}

/** INSERT IGNORE passes over rows that violate a constraint: SQLite would refuse them all. */
export function asksForViolations({ mode, target: { table } }: ResolvedInsert): boolean {
  return mode === 'ignore' && table.checks.length + table.foreignKeys.length > 0;
}

/** One row under its columns' names, its values bound. */
function boundRow(table: TableDefinition): string {
  const named = storedColumns(table).map(({ name }) => `? AS ${quoteName(name)}`);
  return `(SELECT ${named.join(', ')}) AS ${NEW_ROW}`;
}

function checkedInsert(table: TableDefinition): string {
  const names = storedColumns(table).map(({ name }) => quoteName(name));
  const holds = violations(table).map((violated) => `NOT (${violated})`);
  return (
    `INSERT INTO ${quoteName(table.name)} (${names.join(', ')}) ` +
    `SELECT * FROM ${boundRow(table)} WHERE ${holds.join(' AND ')} ON CONFLICT DO NOTHING`
  );
}

/** Which constraint the row violates, by its place: CHECKs, foreign keys; NULL for none. */
export function violatedConstraint(table: TableDefinition, row: Row): CompiledStatement {
  const whens = violations(table).map((violated, place) => `WHEN ${violated} THEN ${place}`);
  const sql = `SELECT CASE ${whens.join(' ')} END FROM ${boundRow(table)}`;
  return { sql, parameters: row };
}

/** What a row that is left out because of the constraint at that place is left out for. */
export function violationAt({ database, table }: WriteTarget, place: number): DatabaseError {
  const check = table.checks[place];
  if (check !== undefined) return databaseError('checkViolated', { name: check.name });
  const key = must(table.foreignKeys[place - table.checks.length]);
  const constraint = foreignKeyOf(database.name, table.name, key);
  return databaseError('foreignKeyChild', { constraint });
}

/** Conditions over a bound row that hold where it violates a constraint of the table. */
function violations(table: TableDefinition): readonly string[] {
  const checks = table.checks.map(({ sqlite }) => `(${sqlite}) IS 0`);
  return [...checks, ...table.foreignKeys.map((key) => lacksParent(table, key))];
}

/** A row without its parent, while foreign keys are checked; a row may be its own. */
function lacksParent(table: TableDefinition, key: ForeignKeyDefinition): string {
  const own = key.columns.map((column) => `${NEW_ROW}.${quoteName(column)}`);
  const matching = (parent: string): string => {
    const equal = key.referencedColumns.map((column, i) => {
      return `${parent}.${quoteName(column)} = ${own[i] ?? ''}`;
    });
    return equal.join(' AND ');
  };
  const parent = quoteName(key.referencedTable);
  const there = `EXISTS (SELECT 1 FROM main.${parent} AS " parent" WHERE ${matching('" parent"')})`;
  const isSelf = key.referencedTable === table.name ? ` AND NOT (${matching(NEW_ROW)})` : '';
  const given = own.map((column) => `${column} IS NOT NULL`).join(' AND ');
  return `((SELECT foreign_keys FROM pragma_foreign_keys) AND ${given} AND NOT ${there}${isSelf})`;
}

/** Any unique key may be in the way; rows that would not change are left alone. */
function conflictClause({ existing, inserted, assignments }: OnDuplicate): Fragment {
  const context = {
    ...partitionContext({ kind: 'one', ordinal: 0 }),
    columnText: (relation: number, column: string) =>
      relation === inserted ? `excluded.${quoteName(column)}` : null,
  };
  const values = assignments.map(({ column, value, automatic }) => ({
    automatic,
    name: quoteName(column.name),
    value: deparseExpression(value, context),
  }));
  const set = joined(
    values.map(({ name, value }) => sql`${name} = ${value}`),
    ', ',
  );
  const differs = joined(
    values
      .filter(({ automatic }) => !automatic)
      .map(({ name, value }) => sql`${relationAlias(existing)}.${name} IS NOT ${value}`),
    ' OR ',
  );
  return sql`ON CONFLICT DO UPDATE SET ${set} WHERE ${differs}`;
}

function newColumn(place: number): string {
  return quoteName(` c${place}`);
}

/** The n of LAST_INSERT_ID(n) for the row in the way; its FROM is that of `rowsInTheWay`. */
export function numberText({ target, onDuplicate }: ResolvedInsert): Fragment | null {
  if (onDuplicate === null || onDuplicate.lastInsertId === null) return null;
  const columns = storedColumns(target.table);
  return deparseExpression(onDuplicate.lastInsertId, {
    ...partitionContext({ kind: 'one', ordinal: 0 }),
    columnText: (relation, column) => {
      if (relation !== onDuplicate.inserted) return quoteName(column);
      return `${NEW_ROW}.${newColumn(columns.findIndex(({ name }) => name === column))}`;
    },
  });
}

/**
 * True where MySQL's REPLACE changes the row in the way, which counts only if it was another: no
 * foreign key refers to the table, and one key alone can be violated.
 */
export function replacesInPlace({ mode, target: { table, database } }: ResolvedInsert): boolean {
  if (mode !== 'replace') return false;
  const hidden = new Set(table.columns.filter((one) => one.hidden).map(({ name }) => name));
  const keys = table.indexes.filter(({ kind, parts }) => {
    return (
      kind === 'unique' || (kind === 'primary' && !parts.some((one) => hidden.has(one.column)))
    );
  });
  if (keys.length > 1) return false;
  return !Object.values(database.tables).some(({ foreignKeys }) => {
    return foreignKeys.some(({ referencedTable }) => referencedTable === table.name);
  });
}

/** What is asked about rows in the way besides their count. */
export interface WayQuestion {
  /** The n of LAST_INSERT_ID(n), over them. */
  readonly number: CompiledStatement | null;
  /** A row that is the same in all columns is not counted. */
  readonly differing: boolean;
}

/**
 * A count of the rows that share a unique key with the row, the number of the AUTO_INCREMENT
 * column, and `number` of them; the row's values bound.
 */
export function rowsInTheWay(
  table: TableDefinition,
  row: Row,
  { number, differing }: WayQuestion,
): CompiledStatement {
  const columns = storedColumns(table);
  const conditions: string[] = [];
  const parameters: (typeof row)[number][] = [];
  for (const index of table.indexes) {
    if (index.kind !== 'primary' && index.kind !== 'unique') continue;
    const parts = index.parts.map((part) => {
      const place = columns.findIndex((column) => column.name === part.column);
      return { column: must(columns[place]), value: row[place] ?? null };
    });
    // NULL is in nobody's way.
    if (parts.some(({ value }) => value === null)) continue;
    conditions.push(`(${parts.map(({ column }) => sameKey(column)).join(' AND ')})`);
    parameters.push(...parts.map(({ value }) => value));
  }
  const where = conditions.length === 0 ? '0' : conditions.join(' OR ');
  const counted = columns.find(({ autoIncrement }) => autoIncrement);
  const auto = counted === undefined ? '' : `, max(${quoteName(counted.name)})`;
  const from = `FROM ${quoteName(table.name)}`;
  if (number === null) {
    if (!differing) return { sql: `SELECT count(*)${auto} ${from} WHERE ${where}`, parameters };
    // A key of ours is another in each row.
    const seen = columns.flatMap(({ hidden }, place) => (hidden ? [] : [place]));
    const differs = seen.map((place) => `${quoteName(must(columns[place]).name)} IS NOT ?`);
    const count = `count(*) FILTER (WHERE ${differs.join(' OR ')})`;
    return {
      sql: `SELECT ${count}${auto} ${from} WHERE ${where}`,
      parameters: [...seen.map((place) => row[place] ?? null), ...parameters],
    };
  }
  const values = columns.map((_, place) => `? AS ${newColumn(place)}`).join(', ');
  const items = `count(*)${auto === '' ? ', NULL' : auto}, max(${number.sql})`;
  return {
    sql: `SELECT ${items} ${from}, (SELECT ${values}) AS ${NEW_ROW} WHERE ${where}`,
    parameters: [...number.parameters, ...row, ...parameters],
  };
}

function sameKey({ name, type }: ColumnDefinition): string {
  if (type.kind !== 'string') return `${quoteName(name)} = ?`;
  const { collation } = type;
  return `${collationKeySql(quoteName(name), collation)} = ${collationKeySql('?', collation)}`;
}

/** The partition that a row of the stored columns belongs to. */
export function partitionOfRow(table: TableDefinition, row: Row, partitionCount: number): number {
  return rowRouter(table, partitionCount)(row);
}

/** The same for many rows of one table. */
export function rowRouter(table: TableDefinition, partitionCount: number): (row: Row) => number {
  switch (table.spread) {
    case 'reference':
      return () => REFERENCE_ORDINAL;
    case 'single':
      return () => 0;
    case 'sharded': {
      const columns = storedColumns(table);
      const places = table.shardKey.map((name) => columns.findIndex((one) => one.name === name));
      const types = places.map((place) => must(columns[place]).type);
      return (row) => {
        const values = places.map((place) => row[place] ?? null);
        return partitionOfSlot(slotOf(values, types), partitionCount);
      };
    }
  }
}
