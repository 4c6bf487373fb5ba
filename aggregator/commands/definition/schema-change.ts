// What a definition does to a database's schema: new and gone tables, and SQLite for each place.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { tableNamed } from '#aggregator/metadata/find-table.ts';
import { placeOf, type PartitionPlace } from '#aggregator/metadata/sqlite-table.ts';

/** One step of a schema, before it is spelled out for each partition. */
export interface SchemaChange {
  /** Tables that are new or changed, whole. */
  readonly put: readonly TableDefinition[];
  /** Names of tables that are gone. */
  readonly drop: readonly string[];
  readonly statements: (place: PartitionPlace, ordinal: number) => readonly string[];
  /**
   * Takes `statements` back where they have run, when another partition refused them (its rows
   * have a duplicate, say). Null for a change that no row can make fail.
   */
  readonly undo: ((place: PartitionPlace, ordinal: number) => readonly string[]) | null;
}

/** A change on its way to every partition. */
export interface PendingChange {
  /** The database as it was. */
  readonly previous: DatabaseDefinition;
  /** The database as it is when all is done. */
  readonly next: DatabaseDefinition;
  readonly put: readonly TableDefinition[];
  readonly drop: readonly string[];
  readonly partitions: readonly {
    readonly ordinal: number;
    readonly statements: readonly string[];
    readonly undo: readonly string[];
  }[];
}

/** As the metadata store keeps it: the tables that it leaves alone stand in the catalog. */
export interface StoredChange extends Pick<PendingChange, 'put' | 'drop' | 'partitions'> {
  readonly database: string;
  /** Catalog versions. */
  readonly from: number;
  readonly to: number;
}

/** What is to be written down of a change. */
export function storedChange({ previous, next, ...change }: PendingChange): StoredChange {
  const { name: database, catalogVersion: from } = previous;
  return { ...change, database, from, to: next.catalogVersion };
}

/** The change that was written down, of a database that has not taken it. */
export function pendingAgain(database: DatabaseDefinition, stored: StoredChange): PendingChange {
  const { from, to, put, drop, partitions } = stored;
  const previous = { ...database, catalogVersion: from };
  const next = { ...applyToDatabase(previous, stored), catalogVersion: to };
  return { previous, next, put, drop, partitions };
}

/** The database with the change made, one version on. */
function applyToDatabase(
  database: DatabaseDefinition,
  change: Pick<SchemaChange, 'put' | 'drop'>,
): DatabaseDefinition {
  const tables = new Map(Object.entries(database.tables));
  for (const name of change.drop) tables.delete(name);
  for (const table of change.put) tables.set(table.name, table);
  const ids = change.put.map((table) => table.id + 1);
  return {
    ...database,
    tables: Object.fromEntries(tables),
    catalogVersion: database.catalogVersion + 1,
    nextTableId: Math.max(database.nextTableId, ...ids),
  };
}

/** The change, spelled out for each partition. */
export function pendingChange(previous: DatabaseDefinition, change: SchemaChange): PendingChange {
  const partitions = previous.placements.map(({ ordinal }) => ({
    ordinal,
    statements: change.statements(placeOf(ordinal), ordinal),
    undo: change.undo?.(placeOf(ordinal), ordinal) ?? [],
  }));
  const { put, drop } = change;
  return { previous, next: applyToDatabase(previous, change), put, drop, partitions };
}

/**
 * The way back after some partitions refused: one more version, with the tables of before. Where
 * the change has run (`done`) it is taken back; elsewhere nothing happens but the version.
 */
export function compensatingChange(
  refused: PendingChange,
  done: ReadonlySet<number>,
): PendingChange {
  const { previous } = refused;
  const touched = [...refused.put.map((table) => table.name), ...refused.drop];
  const put = touched
    .map((name) => tableNamed(previous, name))
    .filter((table) => table !== undefined);
  const drop = touched.filter((name) => tableNamed(previous, name) === undefined);
  const partitions = refused.partitions.map(({ ordinal, undo }) => ({
    ordinal,
    statements: done.has(ordinal) ? undo : [],
    undo: [],
  }));
  const next = { ...previous, catalogVersion: refused.next.catalogVersion + 1 };
  return { previous, next, put, drop, partitions };
}

/** What the leaf of one partition is asked. */
export function definitionFor(pending: PendingChange, ordinal: number): DefinitionChange {
  const { put, drop, next } = pending;
  const partition = pending.partitions.find((entry) => entry.ordinal === ordinal);
  const sqlite = partition?.statements ?? [];
  return { version: next.catalogVersion, sqlite, put, drop };
}

/** The statements of several changes, one after another, as one. */
export function joinChanges(changes: readonly SchemaChange[]): SchemaChange {
  const undos = changes.map((change) => change.undo);
  const canUndo = undos.some((undo) => undo !== null);
  return {
    put: changes.flatMap((change) => change.put),
    drop: changes.flatMap((change) => change.drop),
    statements: (place, ordinal) => changes.flatMap((change) => change.statements(place, ordinal)),
    undo: canUndo
      ? (place, ordinal) => undos.toReversed().flatMap((undo) => undo?.(place, ordinal) ?? [])
      : null,
  };
}
