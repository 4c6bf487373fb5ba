// What a SQLite worker does: statements in batches, and transactions that write, by number.

import { AssertionError, must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { decode, encode } from '#shared/codec.ts';
import { databaseError, type WireError } from '#shared/error.ts';
import { toDatabaseError } from '#shared/to-database-error.ts';
import type { ChangeCapture, SqliteFile } from '#shared/sqlite-file.ts';
import { applyChanges } from '#leaf/partition/apply-changes.ts';
import { applyFrom } from '#leaf/partition/apply-from.ts';
import { areSameChanges } from '#leaf/partition/made-again.ts';
import { runDefinition } from '#leaf/partition/definition-steps.ts';
import { TransactionReads } from '#leaf/partition/transaction-reads.ts';
import { readRows, takeBatch, type RowSource } from '#leaf/partition/row-batches.ts';
import { undoChanges } from '#leaf/partition/undo-changes.ts';
import { runSteps, toClientError, type WriteTarget } from '#leaf/partition/write-steps.ts';
import { isDiskFull } from '#leaf/log/write-error.ts';
import { WorkerConnections } from './worker-connections.ts';
import type { WorkerReply, WorkerRequest } from './worker-message.ts';

interface OpenScan {
  /** Null: a transaction's own, which is not given back. */
  readonly lent: SqliteFile | null;
  readonly source: RowSource;
  readonly toError: (error: unknown) => unknown;
  ranMs: number;
}

interface OpenWrite {
  readonly connection: SqliteFile;
  readonly target: WriteTarget;
  /** Statements under way: what is left of them is read before anything changes. */
  readonly reads: TransactionReads;
  /** Null once the changes are taken, and where nobody will ask for them. */
  capture: ChangeCapture | null;
  /** The changes once they are taken. */
  changes: Uint8Array;
}

type Request<K extends WorkerRequest['kind']> = Extract<WorkerRequest, { readonly kind: K }>;

/** Serves one request at a time, each to its end. */
export class WorkerService {
  #connections = new WorkerConnections();
  #scans = new Map<number, OpenScan>();
  #writes = new Map<number, OpenWrite>();

  serve(request: WorkerRequest): WorkerReply {
    try {
      return this.#serve(request);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return { kind: 'failed', error: toWire(error) };
    }
  }

  #serve(request: WorkerRequest): WorkerReply {
    switch (request.kind) {
      case 'open':
        return this.#open(request);
      case 'next':
        return this.#next(request.scan);
      case 'close':
        this.#end(request.scan);
        return { kind: 'done' };
      case 'forget':
        this.#forget(request.path);
        return { kind: 'done' };
      case 'begin':
        return this.#begin(request);
      case 'write':
        return this.#write(request);
      case 'define':
        return this.#define(request);
      case 'apply':
        applyChanges(this.#writer(request).connection, request.changeset, 'moved');
        return { kind: 'done' };
      case 'compare':
        return this.#compare(request);
      case 'exec':
        for (const sql of request.statements) this.#changer(request).connection.run(sql);
        return { kind: 'done' };
      case 'changes':
        return this.#changes(request);
      case 'piece':
        return this.#piece(request);
      case 'apply from':
        applyFrom(this.#changer(request).connection, request.place, 'followed');
        return { kind: 'done' };
      case 'undo':
        return this.#undo(request);
      case 'commit':
        return this.#commit(request);
      case 'rollback':
        this.#rollback(request.transaction);
        return { kind: 'done' };
    }
  }

  #open(request: Request<'open'>): WorkerReply {
    const { scan, file, statement, columns, transaction } = request;
    const own = transaction === null ? null : this.#writer({ transaction });
    const connection = own?.connection ?? this.#lend(request);
    const started = workedMs();
    const target = own?.target ?? writeTarget(connection, file.path);
    const { sql, parameters: values } = statement;
    const toError = (error: unknown): unknown =>
      toClientError(error, target, { sql, values, row: 1 });
    const rows = readRows(connection, statement, { cached: false, columns });
    const source = own?.reads.add(rows) ?? rows;
    this.#scans.set(scan, { lent: own === null ? connection : null, source, toError, ranMs: 0 });
    if (!request.held) return this.#next(scan, started);
    const [lsn] = must(connection.get('SELECT lsn FROM _twinleaf_meta', [], 'bigint'));
    return { kind: 'held', lsn: lsn as bigint };
  }

  /** A connection at the newest commit, whose schema is the one asked for. */
  #lend({ file, catalogVersion }: Request<'open'>): SqliteFile {
    const connection = this.#connections.acquire(file);
    try {
      // One snapshot for the version and the rows: no definition can come in between.
      connection.run('BEGIN');
      const [have] = must(connection.get('SELECT catalog_version FROM _twinleaf_meta'));
      if (Number(have) === catalogVersion) return connection;
      const versions = { have: Number(have), want: catalogVersion };
      throw databaseError('catalogMismatch', { partition: file.partition, ...versions });
    } catch (error) {
      this.#connections.release(connection);
      throw error;
    }
  }

  #next(scan: number, started = workedMs()): WorkerReply {
    const open = must(this.#scans.get(scan), 'the leaf asks for a statement under way');
    try {
      const { batch, done } = takeBatch(open.source);
      open.ranMs += workedMs() - started;
      if (done) this.#end(scan);
      return { kind: 'bytes', done, ranMs: open.ranMs, bytes: encode(batch) };
    } catch (error) {
      this.#end(scan);
      throw open.toError(error);
    }
  }

  #end(scan: number): void {
    const open = this.#scans.get(scan);
    if (open === undefined) return;
    this.#scans.delete(scan);
    open.source.return?.();
    if (open.lent !== null) this.#connections.release(open.lent);
  }

  #begin({ transaction, file, foreignKeys, captures }: Request<'begin'>): WorkerReply {
    const connection = this.#connections.openWriter(file, foreignKeys);
    connection.run('BEGIN');
    const capture = captures ? connection.capture() : null;
    this.#writes.set(transaction, {
      connection,
      capture,
      changes: new Uint8Array(0),
      reads: new TransactionReads(),
      target: writeTarget(connection, file.path),
    });
    return { kind: 'done' };
  }

  #write(request: Request<'write'>): WorkerReply {
    const { target } = this.#changer(request);
    return { kind: 'written', results: runSteps(target, request.steps) };
  }

  #define(request: Request<'define'>): WorkerReply {
    const { connection, target } = this.#changer(request);
    const { change } = request;
    try {
      runDefinition(connection, change);
      return { kind: 'done' };
    } catch (error) {
      throw toClientError(error, target, { sql: change.sqlite[0] ?? '', values: [], row: 1 });
    }
  }

  #compare({ transaction, changeset }: Request<'compare'>): WorkerReply {
    const capture = must(this.#writer({ transaction }).capture, 'its changes are not taken yet');
    if (!areSameChanges(capture.changeset(), changeset)) throw databaseError('deadlock', {});
    return { kind: 'done' };
  }

  #undo(request: Request<'undo'>): WorkerReply {
    const { connection } = this.#changer(request);
    for (const changes of request.changes) undoChanges(connection, changes, 'taken back');
    return { kind: 'done' };
  }

  #changes(request: Request<'changes'>): WorkerReply {
    const open = this.#changer(request);
    const capture = must(open.capture, 'changes are taken once');
    open.capture = null;
    try {
      open.changes = capture.changeset();
      return { kind: 'counted', bytes: open.changes.length };
    } finally {
      capture.close();
    }
  }

  #piece({ transaction, from, to }: Request<'piece'>): WorkerReply {
    const { changes } = this.#writer({ transaction });
    return { kind: 'bytes', done: true, ranMs: 0, bytes: changes.subarray(from, to) };
  }

  #commit(request: Request<'commit'>): WorkerReply {
    const { connection, capture } = this.#changer(request);
    capture?.close();
    for (const { sql, parameters } of request.statements) connection.run(sql, parameters);
    connection.run('COMMIT');
    this.#writes.delete(request.transaction);
    connection.close();
    return { kind: 'done' };
  }

  /** What is open there is nobody's any more: a prepared transaction is found again in the log. */
  #forget(path: string): void {
    for (const [number, { target }] of this.#writes) {
      if (target.path === path) this.#rollback(number);
    }
    this.#connections.forget(path);
  }

  #rollback(transaction: number): void {
    const open = this.#writes.get(transaction);
    if (open === undefined) return;
    this.#writes.delete(transaction);
    open.reads.fail(() => databaseError('deadlock', {}));
    open.capture?.close();
    if (open.connection.inTransaction) open.connection.run('ROLLBACK');
    open.connection.close();
  }

  /** The transaction, about to change: results under way keep the rows that they had. */
  #changer(request: { readonly transaction: number }): OpenWrite {
    const open = this.#writer(request);
    open.reads.drain();
    return open;
  }

  #writer({ transaction }: { readonly transaction: number }): OpenWrite {
    return must(this.#writes.get(transaction), 'the leaf names a transaction under way');
  }
}

/** The tables are read when an error must be named, and not before. */
function writeTarget(connection: SqliteFile, path: string): WriteTarget {
  return {
    path,
    connection,
    get tables() {
      const rows = connection.all('SELECT name, definition FROM _twinleaf_schema');
      return new Map(
        rows.map(([name, bytes]) => [String(name), decode(bytes as Uint8Array) as TableDefinition]),
      );
    },
  };
}

function toWire(error: unknown): WireError {
  if (isDiskFull(error)) return databaseError('diskFull', { path: 'a partition' }).toWire();
  return toDatabaseError(error).toWire();
}

/** The processor time of this thread, in milliseconds: a busy machine makes no statement long. */
function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
