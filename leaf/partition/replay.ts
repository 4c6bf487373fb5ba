// Carries logged records into the file: at recovery, and at a secondary as they arrive.

import { databaseError } from '#shared/error.ts';
import type { DefinitionChange, LogRecord } from '#shared/log/log-record.ts';
import { recordPosition } from '#shared/log/log-frame.ts';
import type { Position } from '#shared/log/lsn.ts';
import { applyChanges } from './apply-changes.ts';
import { wholeChanges, type LoggedChanges } from './apply-from.ts';
import type { PreparedRecord } from './in-doubt.ts';
import type { StateFile } from './state-file.ts';
import type { Verdicts } from './verdicts.ts';

/** What replay needs of a partition. */
export interface ReplayTarget {
  readonly name: string;
  readonly file: StateFile;
  readonly verdicts: Verdicts;
}

/** Replays records in their order, within transactions that the caller begins and commits. */
export class Replay {
  #target: ReplayTarget;
  #prepared: PreparedRecord | null = null;
  /** Where the file stands: before a prepared transaction, however long the log is. */
  #applied: Position;
  #appliedTimestamp: bigint;
  /** The newest record seen. */
  #seen: Position;
  #seenTimestamp: bigint;

  constructor(target: ReplayTarget) {
    this.#target = target;
    const { applied, timestamp } = target.file.meta;
    this.#applied = applied;
    this.#appliedTimestamp = timestamp;
    this.#seen = applied;
    this.#seenTimestamp = timestamp;
  }

  /** The transaction that is prepared and has no verdict yet: not visible. */
  get prepared(): PreparedRecord | null {
    return this.#prepared;
  }

  /** The rows that replaying a record changes; null where it changes none. */
  changesOf({ payload }: LogRecord): LoggedChanges | null {
    if (payload.kind === 'rows') return payload.changeset;
    if (payload.kind !== 'commit') return null;
    const isPrepared = this.#prepared?.transactionId === payload.transactionId;
    return isPrepared ? (this.#prepared?.changeset ?? null) : null;
  }

  /** The step of the schema in a record; null where it has none, or the file has it already. */
  definitionOf({ payload }: LogRecord): DefinitionChange | null {
    if (payload.kind !== 'definition') return null;
    return payload.change.version > this.#target.file.catalogVersion ? payload.change : null;
  }

  /** How far the file is with what was replayed. */
  get applied(): { readonly position: Position; readonly timestamp: bigint } {
    return { position: this.#applied, timestamp: this.#appliedTimestamp };
  }

  /**
   * Replays one record, but for its rows or its step of the schema where the caller has applied
   * them. `changes`: where those of a long record are, which has none itself. Throws
   * partitionUnrecoverable when it meets other rows.
   */
  apply(record: LogRecord, isApplied = false, changes: LoggedChanges | null = null): void {
    const { file, name, verdicts } = this.#target;
    const { payload } = record;
    switch (payload.kind) {
      case 'rows':
        if (!isApplied) applyChanges(file.connection, payload.changeset, name);
        break;
      case 'definition':
        if (!isApplied && this.definitionOf(record) !== null) file.define(payload.change);
        break;
      case 'prepare':
        this.#prepare(record, { ...payload, changeset: changes ?? payload.changeset });
        break;
      case 'commit':
      case 'abort':
        this.#settle(payload, isApplied);
        verdicts.note(payload.transactionId, payload.kind, record.lsn);
        break;
      case 'term':
        break;
    }
    this.#seen = recordPosition(record);
    this.#seenTimestamp = record.timestamp;
    if (this.#prepared !== null) return;
    this.#applied = this.#seen;
    this.#appliedTimestamp = this.#seenTimestamp;
  }

  /** Writes down how far it has come; the caller commits. */
  finish(): void {
    this.#target.file.setApplied(this.#applied, this.#appliedTimestamp);
    this.#target.verdicts.flush();
  }

  #prepare(record: LogRecord, payload: Omit<PreparedRecord, 'lsn'>): void {
    if (this.#prepared !== null) {
      const reason = `record ${record.lsn} prepares a second transaction before the first ended`;
      throw databaseError('partitionUnrecoverable', { partition: this.#target.name, reason });
    }
    const { transactionId, participants, changeset } = payload;
    this.#prepared = { transactionId, participants, changeset, lsn: record.lsn };
  }

  #settle(
    payload: Extract<LogRecord['payload'], { kind: 'commit' | 'abort' }>,
    rowsApplied: boolean,
  ): void {
    if (this.#prepared?.transactionId !== payload.transactionId) return;
    const { changeset } = this.#prepared;
    this.#prepared = null;
    if (payload.kind === 'abort' || rowsApplied) return;
    const changes = wholeChanges(changeset);
    applyChanges(this.#target.file.connection, changes, this.#target.name);
  }
}
