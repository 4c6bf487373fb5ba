// CREATE, ALTER and DROP DATABASE.

import type { DatabasePartitions } from '#aggregator/cluster/database-partitions.ts';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import { placeableLeaves } from '#aggregator/cluster/placeable-leaves.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { passOver } from '#aggregator/commands/pass-over.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import { isName } from '#aggregator/metadata/names.ts';
import type { StoredSequences } from '#aggregator/metadata/sequences.ts';
import type { CreateDatabase } from '#aggregator/parser/ast-definition.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import { databaseError } from '#shared/error.ts';
import { DEFAULT_COLLATION, resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';
import type { Collation } from '#shared/sql/column-type.ts';
import type { SchemaChanger } from './schema-changer.ts';

/** More partitions than this are a mistake: each has a file, a log and its own sync. */
const partitionsMax = 1024;

const reservedNames = new Set([
  'information_schema',
  'mysql',
  'performance_schema',
  'sys',
  'cluster',
  'memsql',
]);

export interface DatabaseCommandParts {
  readonly catalog: Catalog;
  readonly sequences: StoredSequences;
  readonly partitions: DatabasePartitions;
  readonly changer: SchemaChanger;
  readonly leaves: LeafDirectory;
  /** PARTITIONS of a CREATE DATABASE that does not say: leaves times this. */
  readonly partitionsPerLeaf: number;
  /** Told before a database goes: a secondary's links end first. */
  readonly beforeDrop: (database: DatabaseDefinition) => Promise<void>;
}

/** Throws wrongDatabaseName for a name that no database can have; the system's are taken. */
export function checkDatabaseName(name: string): void {
  if (!isName(name) || /[/\\\0]/.test(name)) {
    throw databaseError('wrongDatabaseName', { name });
  }
  if (reservedNames.has(name.toLowerCase())) throw databaseError('databaseExists', { name });
}

/** The collation of CHARACTER SET and COLLATE; `fallback` where neither was written. */
function chosenCollation(
  syntax: { readonly charset: string | null; readonly collation: string | null },
  fallback: Collation,
  notes: DefinitionNotes,
): Collation {
  if (syntax.collation !== null) {
    return notes.collation(syntax.collation, resolveCollation(syntax.collation));
  }
  if (syntax.charset === null) return fallback;
  return notes.collation(syntax.charset, resolveCharacterSet(syntax.charset));
}

/** Puts the notes of a definition where SHOW WARNINGS finds them. */
export function reportNotes(session: Session, notes: DefinitionNotes): void {
  for (const sentence of notes.sentences) session.warn('Warning', 1105, sentence);
}

function newDatabase(
  parts: DatabaseCommandParts,
  statement: CreateDatabase,
  notes: DefinitionNotes,
): DatabaseDefinition {
  const leafIds = placeableLeaves(parts.leaves);
  const partitionCount = statement.partitions ?? leafIds.length * parts.partitionsPerLeaf;
  if (partitionCount < 1 || partitionCount > partitionsMax) {
    const what = `PARTITIONS ${partitionCount}: 1 to ${partitionsMax} are`;
    throw databaseError('unsupported', { what });
  }
  return {
    name: statement.name,
    role: 'primary',
    state: 'pending',
    durability: statement.durability ?? 'sync',
    collation: chosenCollation(statement, DEFAULT_COLLATION, notes),
    partitionCount,
    placements: placePartitions({ database: statement.name, partitionCount, leafIds }),
    catalogVersion: 0,
    tables: {},
    nextTableId: 1,
    primaryUri: '',
  };
}

/** Makes the database, or nothing: what was begun is taken back when a leaf refuses. */
async function createDatabase(
  parts: DatabaseCommandParts,
  statement: CreateDatabase,
  session: Session,
): Promise<number> {
  const { name } = statement;
  const { catalog, partitions } = parts;
  checkDatabaseName(name);
  return await parts.changer.inTurn(name, async () => {
    if (catalog.find(name) !== null) {
      passOver(session, statement.ifNotExists, databaseError('databaseExists', { name }));
      return 1;
    }
    const notes = new DefinitionNotes();
    const made = newDatabase(parts, statement, notes);
    const database = { ...made, incarnation: await catalog.nextIncarnation() };
    await catalog.put(database);
    try {
      await partitions.create(database);
    } catch (error) {
      await partitions.drop(database);
      await catalog.remove(name);
      throw error;
    }
    await catalog.put({ ...database, state: 'online' });
    reportNotes(session, notes);
    return 1;
  });
}

/** Removes the database with its links, partitions and sequences. */
async function dropDatabase(parts: DatabaseCommandParts, name: string): Promise<number> {
  const { catalog, partitions, sequences } = parts;
  return await parts.changer.inTurn(name, async () => {
    const database = catalog.find(name);
    if (database === null) throw databaseError('databaseDropMissing', { name });
    await parts.beforeDrop(database);
    await partitions.drop(database);
    await parts.changer.forget(name);
    await catalog.remove(name);
    await sequences.forget(name, null);
    return Object.keys(database.tables).length;
  });
}

/** A database whose creation a crash has cut off is removed: nobody was told that it exists. */
export async function removeUnfinishedDatabases(parts: DatabaseCommandParts): Promise<void> {
  for (const database of parts.catalog.databases()) {
    if (database.role === 'primary' && database.state === 'pending') {
      await dropDatabase(parts, database.name);
    }
  }
}

/** The family of these commands. */
export function databaseCommands(parts: DatabaseCommandParts): CommandTable {
  const create: Command<'createDatabase'> = async (_context, session, statement) =>
    ok(await createDatabase(parts, statement, session));
  const drop: Command<'dropDatabase'> = async (_context, session, { name, ifExists }) => {
    if (ifExists && parts.catalog.find(name) === null) {
      session.report('Note', databaseError('databaseDropMissing', { name }));
      return ok();
    }
    const tables = await dropDatabase(parts, name);
    if (session.database === name) session.database = null;
    return ok(tables);
  };
  const alter: Command<'alterDatabase'> = async (_context, session, statement) => {
    const name = statement.name ?? session.database;
    if (name === null) throw databaseError('noDatabase', {});
    const notes = new DefinitionNotes();
    await parts.changer.inTurn(name, async () => {
      const database = parts.catalog.database(name);
      const collation = chosenCollation(statement, database.collation, notes);
      await parts.catalog.put({ ...database, collation });
    });
    reportNotes(session, notes);
    return ok(1);
  };
  return { createDatabase: create, dropDatabase: drop, alterDatabase: alter };
}
