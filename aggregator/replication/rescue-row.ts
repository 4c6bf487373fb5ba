// A change that is about to be taken back, as a row of <db>_rescued.changes: values as JSON.

import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import type { ChangeValue } from '#shared/log/changeset-format.ts';
import { readChangeset, type RowChange } from '#shared/log/changeset.ts';
import { timestampToMs } from '#shared/log/hybrid-clock.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { LoggedChange } from '#shared/wire/message.ts';

/** Why changes are taken back: a failback, or a promotion at a consistent cut. */
export type RescueReason = 'failback' | 'promotion';

const text = (length: number): ColumnType => ({
  kind: 'string',
  form: 'varchar',
  length,
  collation: 'utf8mb4_bin',
});
const integer: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const json: ColumnType = { kind: 'json' };
const moment: ColumnType = { kind: 'datetime', fsp: 3 };

/** The columns of the table, in its order: as CREATE TABLE has them, and as they are bound. */
export const rescueColumns: readonly (readonly [name: string, sql: string, type: ColumnType])[] = [
  ['partition_name', 'VARCHAR(128) NOT NULL', text(128)],
  ['lsn', 'BIGINT NOT NULL', integer],
  ['record_hash', 'CHAR(16) NOT NULL', text(16)],
  ['change_number', 'INT NOT NULL', integer],
  ['term', 'INT NOT NULL', integer],
  ['committed_at', 'DATETIME(3) NOT NULL', moment],
  ['transaction_id', 'VARCHAR(255)', text(255)],
  ['verdict', "ENUM('committed', 'in doubt') NOT NULL", text(16)],
  ['table_name', 'VARCHAR(64) NOT NULL', text(64)],
  ['operation', "ENUM('insert', 'update', 'delete', 'definition') NOT NULL", text(16)],
  ['old_values', 'JSON', json],
  ['new_values', 'JSON', json],
  ['reason', "ENUM('failback', 'promotion') NOT NULL", text(16)],
  ['rescued_at', 'DATETIME(3) NOT NULL', moment],
];

/** What identifies a change: no two histories have one of the same. */
export const rescueKey = 'partition_name, lsn, record_hash, change_number';

export interface RescueContext {
  readonly key: { readonly database: string; readonly ordinal: number };
  /** As they were when the change was made. */
  readonly tables: ReadonlyMap<string, TableDefinition>;
  /** Transactions over several partitions that some partition has committed. */
  readonly committed: ReadonlySet<string>;
  readonly reason: RescueReason;
  readonly nowMs: number;
}

/** The rows of a record, or of a part of it: one a row that it changed, or a table it defined. */
export function* rescueRows(
  change: LoggedChange,
  context: RescueContext,
): Generator<SourceValue[], void, undefined> {
  const { content } = change;
  if (content.kind === 'rows') {
    let { before: number = 0 } = content;
    for (const row of readChangeset(content.changeset)) {
      const table = context.tables.get(row.table);
      const [before, after] = [valuesOf(row, row.before, table), valuesOf(row, row.after, table)];
      yield rescueRow(change, context, [number, row.table, row.operation, before, after]);
      number += 1;
    }
    return;
  }
  const { put, drop } = content.change;
  const named = [
    ...put.map((table) => [table.name, 'changed'] as const),
    ...drop.map((name) => [name, 'dropped'] as const),
  ];
  for (const [index, [name, what]] of named.entries()) {
    const after = JSON.stringify({ table: what });
    yield rescueRow(change, context, [index, name, 'definition', null, after]);
  }
}

type Changed = readonly [
  index: number,
  table: string,
  operation: string,
  before: string | null,
  after: string | null,
];

function rescueRow(change: LoggedChange, context: RescueContext, changed: Changed): SourceValue[] {
  const [index, table, operation, before, after] = changed;
  const { transactionId, isDecided } = change;
  const isCommitted = isDecided || (transactionId !== null && context.committed.has(transactionId));
  const values: readonly StoredValue[] = [
    partitionName(context.key),
    change.lsn,
    Buffer.from(change.logHash).toString('hex'),
    BigInt(index),
    BigInt(change.term),
    momentText(timestampToMs(change.timestamp)),
    transactionId,
    isCommitted ? 'committed' : 'in doubt',
    table,
    operation,
    before,
    after,
    context.reason,
    momentText(context.nowMs),
  ];
  return rescueColumns.map(([, , type], i) => ({ type, value: values[i] ?? null }));
}

/** `2026-01-31 12:00:00.000`, in UTC. */
function momentText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

/**
 * A JSON object of the values that the change tells; null where it tells none. Of an update:
 * what has changed, with the key, which never does.
 */
function valuesOf(
  change: RowChange,
  values: readonly ChangeValue[] | null,
  table: TableDefinition | undefined,
): string | null {
  if (values === null) return null;
  // What is generated is in no change.
  const columns = table?.columns.filter((column) => column.generated === undefined);
  const isKnown = columns?.length === values.length;
  const members = values.flatMap((value, index) => {
    const isKey = change.keyColumns.includes(index);
    const told = value === undefined && isKey ? change.before?.[index] : value;
    if (told === undefined) return [];
    const column = isKnown ? columns[index] : undefined;
    return [`${JSON.stringify(column?.name ?? `c${index + 1}`)}: ${jsonOf(told, column)}`];
  });
  return `{${members.join(', ')}}`;
}

/** Numbers as numbers, JSON as it is, bytes in hexadecimal, everything else as MySQL prints it. */
function jsonOf(value: StoredValue, column: ColumnDefinition | undefined): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `"0x${Buffer.from(value).toString('hex')}"`;
  if (column === undefined) return typeof value === 'string' ? JSON.stringify(value) : `${value}`;
  switch (column.type.kind) {
    case 'integer':
    case 'year':
    case 'float':
    case 'double':
    case 'json':
      return String(value);
    default: {
      const printed = formatValue(value, column.type);
      if (typeof printed === 'string') return JSON.stringify(printed);
      return `"0x${Buffer.from(printed).toString('hex')}"`;
    }
  }
}
