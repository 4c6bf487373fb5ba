// The partition's SQLite file as its writer holds it: rows, schema, and how far the log is in it.
//
// The applied position is a row of the same file, so that it commits with the rows: after a crash
// the file itself says which record it holds last.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { assert, must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { Durability } from '#shared/cluster/topology.ts';
import { decode } from '#shared/codec.ts';
import type { DatabaseError } from '#shared/error.ts';
import { logStart } from '#shared/log/log-frame.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { Position } from '#shared/log/lsn.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { SqliteFile, type ChangeCapture } from '#shared/sqlite-file.ts';
import type { CompiledStatement } from '#shared/wire/message.ts';
import { runDefinition } from './definition-steps.ts';
import { KnownTables } from './known-tables.ts';
import type { PartitionRole } from './partition-options.ts';
import { PlainShapes } from './plain-steps.ts';
import { ReferenceFile, type Attachment } from './reference-file.ts';

/** What the file knows of itself besides rows. */
export interface PartitionMeta {
  /** Everything up to here is in the file. */
  readonly applied: Position;
  /** Hybrid timestamp of that record. */
  readonly timestamp: bigint;
  readonly catalogVersion: number;
  readonly role: PartitionRole;
  readonly durability: Durability;
  /** The id of the cluster that holds the file. */
  readonly origin: string;
  /** False while a secondary's first snapshot and its log are not in yet. */
  readonly provisioned: boolean;
}

const CREATE_META = `
  CREATE TABLE _twinleaf_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL, lsn INTEGER NOT NULL,
    log_hash BLOB NOT NULL, timestamp INTEGER NOT NULL, catalog_version INTEGER NOT NULL,
    role TEXT NOT NULL, durability TEXT NOT NULL, origin TEXT NOT NULL,
    provisioned INTEGER NOT NULL);
  CREATE TABLE _twinleaf_schema (name TEXT PRIMARY KEY, definition BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE _twinleaf_verdicts (
    transaction_id TEXT PRIMARY KEY, verdict TEXT NOT NULL, lsn INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX _twinleaf_verdicts_lsn ON _twinleaf_verdicts (lsn);`;

const SELECT_META = `
  SELECT term, lsn, log_hash, timestamp, catalog_version, role, durability, origin, provisioned
  FROM _twinleaf_meta`;

const UPDATE_APPLIED =
  'UPDATE _twinleaf_meta SET term = ?, lsn = ?, log_hash = ?, timestamp = ? WHERE id = 1';

/** Writes an empty file with its meta row; the caller syncs it. */
export function createStateFile(
  path: string,
  identity: Pick<PartitionMeta, 'role' | 'durability' | 'origin'>,
): void {
  const file = SqliteFile.open(path, { durable: false });
  file.exec('BEGIN');
  file.exec(CREATE_META);
  file.run('INSERT INTO _twinleaf_meta VALUES (1, 0, 0, ?, 0, 0, ?, ?, ?, ?)', [
    logStart.logHash,
    identity.role,
    identity.durability,
    identity.origin,
    identity.role === 'primary' ? 1n : 0n,
  ]);
  file.exec('COMMIT');
  assert(file.emptyWal(), 'nobody else holds a file that is being made');
  file.close();
}

/** The meta row, as the connection's transaction sees it. */
export function readMeta(file: SqliteFile): PartitionMeta {
  const row = must(file.get(SELECT_META, [], 'bigint'), 'the meta row is always there');
  const [term, lsn, logHash, timestamp, version, role, durability, origin, provisioned] = row;
  return {
    applied: {
      term: Number(term),
      lsn: lsn as bigint,
      logHash: new Uint8Array(logHash as Uint8Array),
    },
    timestamp: timestamp as bigint,
    catalogVersion: Number(version),
    role: role as PartitionRole,
    durability: durability as Durability,
    origin: origin as string,
    provisioned: provisioned === 1n,
  };
}

/** Notes in the meta row how far the file is. */
export function updateApplied(applied: Position, timestamp: bigint): CompiledStatement {
  const { term, lsn, logHash } = applied;
  return { sql: UPDATE_APPLIED, parameters: [BigInt(term), lsn, logHash, timestamp] };
}

/** A record in the log, with what the file must note of it. */
export interface AppendedRecord {
  readonly position: Position;
  readonly timestamp: bigint;
  /** Where it is a definition. */
  readonly change?: DefinitionChange;
}

/** The writer's connection. At most one transaction at a time; who may begin one holds the lock. */
export class StateFile {
  readonly path: string;
  /** The connection, for statements within the transaction. */
  readonly connection: SqliteFile;
  #meta: PartitionMeta;
  /** What #meta becomes with the COMMIT. */
  #next: PartitionMeta;
  readonly #tables: KnownTables;
  /** Which statements of this schema are captured without a session. */
  readonly plain: PlainShapes;
  #attachment: Attachment;
  #foreignKeys = true;
  #stopped: DatabaseError | null = null;
  #redefined: Promise<void> | null = null;
  #schemaKnown = true;
  #commits = 0;
  /** Another connection may commit at any moment. */
  #commitsElsewhere = false;

  constructor(path: string, reference: ReferenceFile) {
    this.path = path;
    this.connection = openWithFunctions(path, { checkpoints: false });
    this.plain = new PlainShapes(this.connection);
    this.#attachment = reference.attachment(this.connection);
    this.#meta = readMeta(this.connection);
    this.#next = this.#meta;
    if (this.#meta.role !== 'primary') this.#heedChecks(false);
    this.#tables = new KnownTables(readTables(this.connection));
  }

  /** As committed. */
  get meta(): PartitionMeta {
    return this.#meta;
  }

  /** The tables by name, as committed. */
  get tables(): ReadonlyMap<string, TableDefinition> {
    return this.#tables.committed;
  }

  /** Is there such a table, as the open transaction has them? */
  hasTable(name: string): boolean {
    return this.#tables.has(name);
  }

  /** Of the schema, as the open transaction has it. */
  get catalogVersion(): number {
    return this.#next.catalogVersion;
  }

  /** Without foreign keys, whether they are checked makes no difference. */
  get hasForeignKeys(): boolean {
    return this.#tables.hasForeignKeys;
  }

  get inTransaction(): boolean {
    return this.connection.inTransaction;
  }

  /** Why nothing is written any more; null while all is well. */
  get stopped(): DatabaseError | null {
    return this.#stopped;
  }

  /** From here on nothing is written: every BEGIN throws `reason`. */
  stop(reason: DatabaseError): void {
    this.#stopped ??= reason;
    this.rollback();
  }

  /** Begins; `foreignKeys` holds for the whole transaction. */
  begin(foreignKeys: boolean): void {
    if (this.#stopped !== null) throw this.#stopped;
    assert(!this.connection.inTransaction, 'one transaction at a time');
    this.#attachment.refresh();
    if (foreignKeys !== this.#foreignKeys) {
      this.connection.exec(`PRAGMA foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`);
      this.#foreignKeys = foreignKeys;
    }
    // A plain BEGIN: IMMEDIATE would lock the attached reference file too.
    this.connection.run('BEGIN');
    this.#next = this.#meta;
    this.#tables.rollback();
  }

  capture(): ChangeCapture {
    return this.connection.capture();
  }

  /**
   * Rises with each commit: two snapshots between which it stays as it is are the same. Null while
   * another connection may commit at any moment.
   */
  get commits(): number | null {
    return this.#commitsElsewhere ? null : this.#commits;
  }

  /** `commit` is another connection's COMMIT of all records up to that one. */
  async commitElsewhere(
    { position, timestamp, change }: AppendedRecord,
    commit: () => Promise<void>,
  ): Promise<void> {
    this.#commitsElsewhere = true;
    await commit();
    this.#commitsElsewhere = false;
    this.#next = { ...this.#meta, applied: position, timestamp };
    if (change !== undefined) this.#noteDefinition(change);
    this.#takeOver();
  }

  /** Another connection commits a definition; settled when it has. Null: none does. */
  get redefined(): Promise<void> | null {
    return this.#redefined;
  }

  /** False once nobody can say whether such a definition is in the file: nothing is read then. */
  get schemaKnown(): boolean {
    return this.#schemaKnown;
  }

  /** `commit` is `commitElsewhere` of a definition. */
  async redefineElsewhere(commit: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#redefined = promise;
    try {
      // Reads that have looked at the version take their snapshots before the turn ends.
      await yieldToOthers();
      this.#schemaKnown = false;
      await commit();
      this.#schemaKnown = true;
    } finally {
      this.#redefined = null;
      resolve();
    }
  }

  /** Sets columns of the meta row, within the transaction. */
  setApplied(applied: Position, timestamp: bigint): void {
    const { sql, parameters } = updateApplied(applied, timestamp);
    this.connection.run(sql, parameters);
    this.#next = { ...this.#next, applied, timestamp };
  }

  /** The same; what the partition's identity says is the caller's concern. */
  setRole(role: PartitionRole, provisioned: boolean): void {
    const sql = 'UPDATE _twinleaf_meta SET role = ?, provisioned = ? WHERE id = 1';
    this.connection.run(sql, [role, provisioned ? 1n : 0n]);
    if (role === 'primary') this.#heedChecks(true);
    this.#next = { ...this.#next, role, provisioned };
  }

  /** A copy takes what its primary has checked: to check it again is a fifth of applying it. */
  #heedChecks(heed: boolean): void {
    this.connection.exec(`PRAGMA ignore_check_constraints = ${heed ? 'OFF' : 'ON'}`);
  }

  /** Carries out one step of the schema, within a transaction without foreign keys. */
  define(change: DefinitionChange): void {
    runDefinition(this.connection, change);
    this.#noteDefinition(change);
  }

  commit(): void {
    this.connection.run('COMMIT');
    this.#takeOver();
  }

  #noteDefinition(change: DefinitionChange): void {
    this.#next = { ...this.#next, catalogVersion: change.version };
    this.#tables.note(change);
  }

  /** What was next is committed. */
  #takeOver(): void {
    this.#commits += 1;
    const changed = this.#next.catalogVersion !== this.#meta.catalogVersion;
    this.#meta = this.#next;
    if (!changed) return;
    this.plain.clear();
    this.#tables.commit();
  }

  /** Undoes the transaction, which SQLite itself may have done already. */
  rollback(): void {
    if (this.connection.inTransaction) this.connection.run('ROLLBACK');
    this.#next = this.#meta;
    this.#tables.rollback();
  }

  close(): void {
    this.rollback();
    this.connection.close();
  }
}

function readTables(connection: SqliteFile): TableDefinition[] {
  const rows = connection.all('SELECT definition FROM _twinleaf_schema');
  return rows.map(([bytes]) => decode(bytes as Uint8Array) as TableDefinition);
}
