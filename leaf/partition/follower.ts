// The following side of a partition: what arrives in the log's own bytes becomes its log and rows.
//
// Order: verify all · append · apply in one SQLite transaction while the log is synced · COMMIT.
// What the primary has on its disk may be read before it is on ours: there the sync comes last.
// A definition that has many rows to copy is a transaction of its own, in a worker.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { readFrames, type ReadFrame } from '#shared/log/log-frame.ts';
import type { DefinitionChange, LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { applyInTurns, applyTogether, TURN_BYTES, type ApplyTarget } from './apply-changes.ts';
import { applyFromInTurns, isPlace } from './apply-from.ts';
import { beginDefinition, isLongDefinition } from './definitions.ts';
import type { PreparedRecord } from './in-doubt.ts';
import { LongReceiver } from './long-receiver.ts';
import { writeIdentity } from './partition-identity.ts';
import type { LongRecord } from '#leaf/log/long-place.ts';
import { syncFile } from '#leaf/log/sync-files.ts';
import type { RecordPart } from '#shared/wire/message.ts';
import type { PartitionCore } from './partition-core.ts';
import type { Replay } from './replay.ts';
import { RowApplier } from './row-applier.ts';
import { undoRecords } from './undo-rows.ts';
import { applyElsewhere } from './write-elsewhere.ts';
import { hasDefinitionAfter, tailStart } from './visible-changes.ts';
import { commitInWorker } from './write-transaction.ts';

/** Records are applied for so long before others on the event loop get a turn. */
const APPLY_MS_MAX = 10;
/** Bytes of the log that are taken back at a time. */
const REWIND_BYTES = 4 * 1024 * 1024;
/** Up to so many bytes of changes, statements that stay prepared are faster than SQLite's apply. */
const SMALL_BYTES_MAX = 4 * 1024;

/** Resolves when what is being applied is durable in the log. */
type Synced = () => Promise<void>;

/** Applies what another copy has logged. One call at a time. */
export class Follower {
  #core: PartitionCore;
  #replay: Replay;
  readonly #beforeDefinition: () => Promise<void>;
  readonly #rows: RowApplier;
  /** Where the changes of several records are laid out: a turn's. */
  #room: Uint8Array | null = null;
  readonly #long: LongReceiver;

  /** `beforeDefinition`: called when a step of the schema is about to be taken in. */
  constructor(core: PartitionCore, replay: Replay, beforeDefinition: () => Promise<void>) {
    this.#core = core;
    this.#replay = replay;
    this.#beforeDefinition = beforeDefinition;
    this.#rows = new RowApplier(core.file.connection);
    this.#long = new LongReceiver(core.log);
  }

  get prepared(): PreparedRecord | null {
    return this.#replay.prepared;
  }

  /** The prepared transaction without a verdict, for the status. */
  inDoubt(): { readonly transactionId: string; readonly participants: readonly number[] } | null {
    const { prepared } = this.#replay;
    if (prepared === null) return null;
    return { transactionId: prepared.transactionId, participants: prepared.participants };
  }

  /** Takes whole frames in, durable before they are visible; answers the hardened position. */
  async applyFrames(bytes: Uint8Array): Promise<Position> {
    const frames = await this.#append(bytes);
    if (frames.length > 0) await this.#takeIn((synced) => this.#apply(frames, synced));
    return this.#core.log.hardened;
  }

  /** Takes whole frames in, visible before they are durable; answers where they lead to. */
  async takeFrames(bytes: Uint8Array): Promise<Position> {
    const { log, environment, fail } = this.#core;
    const frames = await this.#append(bytes);
    if (frames.length === 0) return log.tail;
    environment.hybridClock.observe(log.tailTimestamp);
    environment.failpoint('after-append');
    try {
      await this.#apply(frames, () => log.sync());
    } catch (error) {
      throw fail(error);
    }
    this.#commit();
    return log.tail;
  }

  /** Resolves when the log is durable as far as it goes now, where the database asks for it. */
  async harden(): Promise<void> {
    const { log, fail } = this.#core;
    try {
      await log.sync();
    } catch (error) {
      throw fail(error);
    }
  }

  /** Takes a part of a long record in: true once all of it is durable and visible. */
  async applyPart(part: RecordPart): Promise<boolean> {
    const found = await this.#long.take(part);
    if (found === null) return false;
    await this.#takeIn((synced) => this.#applyLong(found, synced));
    return true;
  }

  /** The frames, verified and in the log, not durable yet. */
  async #append(bytes: Uint8Array): Promise<readonly ReadFrame[]> {
    const { log, file } = this.#core;
    await this.#long.drop();
    const frames = [...readFrames(bytes, log.tail)];
    const defines = frames.some(({ record }) => record.payload.kind === 'definition');
    if (defines && file.meta.role === 'secondary') await this.#beforeDefinition();
    for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
    log.appendVerified(frames);
    return frames;
  }

  /** Makes what was appended durable and visible; `apply` ends within a transaction. */
  async #takeIn(apply: (synced: Synced) => Promise<void>): Promise<void> {
    const { log, environment, fail } = this.#core;
    environment.hybridClock.observe(log.tailTimestamp);
    environment.failpoint('after-append');
    const sync = log.sync();
    const [synced, applied] = await Promise.allSettled([sync, apply(() => sync)]);
    if (synced.status === 'rejected') throw fail(synced.reason);
    if (applied.status === 'rejected') throw fail(applied.reason);
    environment.failpoint('after-sync');
    this.#commit();
  }

  #commit(): void {
    const { file, environment, fail } = this.#core;
    try {
      environment.failpoint('before-commit');
      file.commit();
      environment.failpoint('after-commit');
    } catch (error) {
      throw fail(error);
    }
  }

  /** Ends within a transaction, which the caller commits. `synced`: the log is durable. */
  async #apply(frames: readonly ReadFrame[], synced: Synced): Promise<void> {
    const { file, environment } = this.#core;
    file.begin(false);
    let turnMs = environment.clock.monotonicMs();
    for (const run of runsOf(frames.map(({ record }) => record))) {
      const isApplied = this.#applyRun(run.changesets);
      for (const record of run.records) {
        const definition = this.#replay.definitionOf(record);
        if (definition !== null && isLongDefinition(this.#core, definition)) {
          this.#replay.finish();
          await synced();
          file.commit();
          await this.#defineElsewhere(record, definition);
          file.begin(false);
          continue;
        }
        const changes = this.#replay.changesOf(record);
        if (isPlace(changes)) {
          this.#replay.finish();
          await synced();
          file.commit();
          await this.#applyPlace({ record, changes }, synced);
          continue;
        }
        this.#replay.apply(record, isApplied || (await this.#applyChanges(changes)));
      }
      if (environment.clock.monotonicMs() - turnMs < APPLY_MS_MAX) continue;
      await yieldToOthers();
      turnMs = environment.clock.monotonicMs();
    }
    this.#replay.finish();
  }

  get #target(): ApplyTarget {
    const { file, name: partition, environment } = this.#core;
    return { connection: file.connection, partition, clock: environment.clock };
  }

  /** The changes of several records at once: all of them, or (false) none. */
  #applyRun(changesets: readonly Uint8Array[]): boolean {
    const { connection } = this.#core.file;
    if (changesets.length < 2) return false;
    if (this.#applySmall(changesets)) return true;
    // One for all: memory outside of the heap that comes and goes makes V8 collect all of it.
    this.#room ??= new Uint8Array(TURN_BYTES);
    return applyTogether(connection, changesets, this.#room);
  }

  /** The rows of a record, where there is a faster way than the common one; else false. */
  async #applyChanges(changes: Uint8Array | null): Promise<boolean> {
    if (changes === null || changes.length === 0) return false;
    if (changes.length <= TURN_BYTES) return this.#applySmall([changes]);
    await applyInTurns(this.#target, changes);
    return true;
  }

  #applySmall(changesets: readonly Uint8Array[]): boolean {
    const bytes = changesets.reduce((sum, { length }) => sum + length, 0);
    if (bytes > SMALL_BYTES_MAX) return false;
    return this.#rows.apply(changesets, this.#core.file.catalogVersion);
  }

  /** Ends within a transaction, as `#apply` does. */
  async #applyLong({ record, changes }: LongRecord, synced: Synced): Promise<void> {
    if (record.payload.kind === 'rows') {
      await this.#applyPlace({ record, changes }, synced);
    } else {
      this.#core.file.begin(false);
      this.#replay.apply(record, false, changes);
    }
    this.#replay.finish();
  }

  /** The rows of a long record, in a worker; ends within a transaction that has none of them. */
  async #applyPlace({ record, changes }: LongRecord, synced: Synced): Promise<void> {
    const core = this.#core;
    const { file } = core;
    const worker = await applyElsewhere(core, changes);
    if (worker === null) {
      file.begin(false);
      await applyFromInTurns(this.#target, changes);
      this.#replay.apply(record, true);
      return;
    }
    await worker.orRollback(async () => {
      await synced();
      this.#replay.apply(record, true);
      await commitInWorker(core, this.#replay.applied, worker);
    });
    file.begin(false);
  }

  /** The record is durable, and everything before it visible. */
  async #defineElsewhere(record: LogRecord, change: DefinitionChange): Promise<void> {
    const core = this.#core;
    const worker = await beginDefinition(core, change);
    await worker.orRollback(async () => {
      core.environment.failpoint('after-define');
      this.#replay.apply(record, true);
      await commitInWorker(core, { ...this.#replay.applied, change }, worker);
    });
  }

  /** Opens the next term and makes the partition a primary; a prepared transaction stays so. */
  async promote(): Promise<Position> {
    const { log, file, environment, fail } = this.#core;
    await this.#long.drop();
    for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
    const timestamp = environment.hybridClock.next();
    const draft = { term: log.tail.term + 1, timestamp, origin: file.meta.origin };
    const { position } = log.append({ ...draft, payload: { kind: 'term' } });
    environment.failpoint('after-promote-append');
    try {
      await log.harden();
      environment.failpoint('after-sync');
      // Before the COMMIT makes it a primary, so that it is never taken for a copy of one.
      await writeIdentity(file.path, { ...file.meta, role: 'primary' });
      file.begin(false);
      file.setRole('primary', true);
      if (this.#replay.prepared === null) file.setApplied(position, timestamp);
      file.commit();
    } catch (error) {
      throw fail(error);
    }
    return position;
  }

  /** False when a record after `lsn` is a definition, or the log does not reach back. */
  async canRewindTo(lsn: LSN): Promise<boolean> {
    const { log } = this.#core;
    if (lsn > log.tail.lsn || lsn + 1n < log.firstLsn) return false;
    return !(await hasDefinitionAfter(log, lsn));
  }

  /** Takes back some of the records after `lsn`, the newest. */
  async rewindTowards(lsn: LSN): Promise<void> {
    await this.#long.drop();
    await this.#rewindTo(tailStart(this.#core.log, lsn, REWIND_BYTES));
  }

  /**
   * Takes back every record after `lsn`, newest first. Log and file part for a moment in the
   * file's favour: a crash there replays the records, and the caller begins again.
   */
  async #rewindTo(lsn: LSN): Promise<void> {
    const { log, file, environment, fail } = this.#core;
    try {
      await undoRecords(this.#core, { from: log.tail.lsn, to: lsn });
      await syncFile(`${file.path}-wal`);
      environment.failpoint('amid-rewind');
      await log.truncateAfter(lsn);
    } catch (error) {
      throw fail(error);
    }
  }
}

/** Records that may be applied by one call, where all of them only change rows. */
interface RecordRun {
  readonly records: LogRecord[];
  /** Of all its records; none for a single record of any kind. */
  readonly changesets: Uint8Array[];
}

/** The records in their order: changes of rows together up to a turn, any other by itself. */
function runsOf(records: readonly LogRecord[]): RecordRun[] {
  const runs: RecordRun[] = [];
  let bytes = 0;
  for (const record of records) {
    const changeset = record.payload.kind === 'rows' ? record.payload.changeset : null;
    const last = runs.at(-1);
    bytes += changeset?.length ?? 0;
    if (last !== undefined && last.changesets.length > 0 && changeset !== null) {
      if (bytes <= TURN_BYTES) {
        last.records.push(record);
        last.changesets.push(changeset);
        continue;
      }
    }
    bytes = changeset?.length ?? 0;
    runs.push({ records: [record], changesets: changeset === null ? [] : [changeset] });
  }
  return runs;
}
