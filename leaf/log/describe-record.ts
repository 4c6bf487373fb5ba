// A log record for people: what it changes, counted by table, and its rows when they are wanted.

import { changeKey, readChangeset, type RowChange } from '#shared/log/changeset.ts';
import type { ChangeValue } from '#shared/log/changeset-format.ts';
import { timestampToMs } from '#shared/log/hybrid-clock.ts';
import type { LogPayload, LogRecord } from '#shared/log/log-record.ts';

/** How many rows of a table a record changes. */
export interface TableCounts {
  readonly table: string;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
}

/** A row's values by their place in the row; what an UPDATE leaves alone is not there. */
export type DescribedRow = Readonly<Record<string, string | number | null>>;

export interface DescribedChange {
  readonly table: string;
  readonly operation: RowChange['operation'];
  readonly key: readonly (string | number | null)[];
  readonly before: DescribedRow | null;
  readonly after: DescribedRow | null;
}

export interface DescribedRecord {
  readonly term: number;
  readonly lsn: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly origin: string;
  readonly kind: LogPayload['kind'];
  readonly transaction: string | null;
  readonly participants: readonly number[] | null;
  readonly tables: readonly TableCounts[];
  /** Of a definition: the catalog version that it leads to, and its tables. */
  readonly definition: {
    readonly version: number;
    readonly put: readonly string[];
    readonly drop: readonly string[];
  } | null;
  readonly bytes: number;
  /** The changes, where they are asked for. */
  readonly rows?: readonly DescribedChange[];
}

/** Describes a record of `bytes` bytes; row values are shown only with `rows`. */
export function describeRecord(record: LogRecord, bytes: number, rows: boolean): DescribedRecord {
  const { term, lsn, timestamp, origin, payload } = record;
  const changes = 'changeset' in payload ? [...readChangeset(payload.changeset)] : [];
  const definition = payload.kind === 'definition' ? payload.change : null;
  return {
    term,
    lsn: lsn.toString(),
    time: new Date(timestampToMs(timestamp)).toISOString(),
    origin,
    kind: payload.kind,
    transaction: 'transactionId' in payload ? payload.transactionId : null,
    participants: payload.kind === 'prepare' ? payload.participants : null,
    tables: countByTable(changes),
    definition: definition && {
      version: definition.version,
      put: definition.put.map(({ name }) => name),
      drop: definition.drop,
    },
    bytes,
    ...(rows ? { rows: changes.map(describe) } : {}),
  };
}

/** The record as one line of text, and one more for each of its rows. */
export function recordToText(record: DescribedRecord): string {
  const { term, lsn, time, origin, kind, transaction, participants, definition, bytes } = record;
  const words = [`term=${term}`, `lsn=${lsn}`, `time=${time}`, `origin=${origin}`, `kind=${kind}`];
  if (transaction !== null) words.push(`transaction=${transaction}`);
  if (participants !== null) words.push(`participants=${participants.join()}`);
  if (definition !== null) {
    words.push(`version=${definition.version}`);
    words.push(...definition.put.map((name) => `put=${name}`));
    words.push(...definition.drop.map((name) => `drop=${name}`));
  }
  for (const { table, inserts, updates, deletes } of record.tables) {
    words.push(`${table}:+${inserts}~${updates}-${deletes}`);
  }
  words.push(`bytes=${bytes}`);
  return [words.join(' '), ...(record.rows ?? []).map(changeToText)].join('\n');
}

function countByTable(changes: readonly RowChange[]): TableCounts[] {
  const tables = new Map<string, RowChange[]>();
  for (const change of changes) {
    const its = tables.get(change.table);
    if (its === undefined) tables.set(change.table, [change]);
    else its.push(change);
  }
  return [...tables].map(([table, its]) => {
    const count = (wanted: RowChange['operation']): number =>
      its.filter(({ operation }) => operation === wanted).length;
    const [inserts, updates, deletes] = [count('insert'), count('update'), count('delete')];
    return { table, inserts, updates, deletes };
  });
}

function describe(change: RowChange): DescribedChange {
  const { table, operation, before, after } = change;
  const key = changeKey(change).map(toPlain);
  return { table, operation, key, before: toRow(before), after: toRow(after) };
}

function toRow(values: readonly ChangeValue[] | null): DescribedRow | null {
  if (values === null) return null;
  const known = values.flatMap((value, place) =>
    value === undefined ? [] : [[String(place), toPlain(value)] as const],
  );
  return Object.fromEntries(known);
}

function toPlain(value: Exclude<ChangeValue, undefined>): string | number | null {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  if (typeof value !== 'bigint') return value;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value.toString();
}

function changeToText({ table, operation, key, before, after }: DescribedChange): string {
  const show = (row: DescribedRow | null): string => (row === null ? '-' : JSON.stringify(row));
  const place = `  ${operation} ${table} key=${JSON.stringify(key)}`;
  return `${place} before=${show(before)} after=${show(after)}`;
}
