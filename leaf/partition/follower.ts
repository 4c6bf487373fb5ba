// The following side of a partition: what arrives in the log's own bytes becomes its log and rows.
//
// Order: verify all · append · apply in one SQLite transaction while the log is synced · COMMIT.

import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import { invertChangeset } from '#shared/log/changeset.ts';
import { readFrames, recordPosition, type ReadFrame } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { applyChanges } from './apply-changes.ts';
import type { PreparedRecord } from './in-doubt.ts';
import type { PartitionCore } from './partition-core.ts';
import type { Replay } from './replay.ts';

/** Records are applied for so long before others on the event loop get a turn. */
const APPLY_MS_MAX = 10;

/** Applies what another copy has logged. One call at a time. */
export class Follower {
  #core: PartitionCore;
  #replay: Replay;

  constructor(core: PartitionCore, replay: Replay) {
    this.#core = core;
    this.#replay = replay;
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

  /** Takes whole frames in; answers the hardened position. */
  async applyFrames(bytes: Uint8Array): Promise<Position> {
    const { log, file, environment, fail } = this.#core;
    const frames = [...readFrames(bytes, log.tail)];
    if (frames.length === 0) return log.hardened;
    log.appendVerified(frames);
    environment.hybridClock.observe(log.tailTimestamp);
    environment.failpoint('after-append');
    const [synced, applied] = await Promise.allSettled([log.sync(), this.#apply(frames)]);
    if (synced.status === 'rejected') throw fail(synced.reason);
    if (applied.status === 'rejected') throw fail(applied.reason);
    environment.failpoint('after-sync');
    try {
      environment.failpoint('before-commit');
      file.commit();
      environment.failpoint('after-commit');
    } catch (error) {
      throw fail(error);
    }
    return log.hardened;
  }

  async #apply(frames: readonly ReadFrame[]): Promise<void> {
    const { file, environment } = this.#core;
    file.begin(false);
    let turnMs = environment.clock.monotonicMs();
    for (const { record } of frames) {
      this.#replay.apply(record);
      if (environment.clock.monotonicMs() - turnMs < APPLY_MS_MAX) continue;
      await yieldToOthers();
      turnMs = environment.clock.monotonicMs();
    }
    this.#replay.finish();
  }

  /** Opens the next term and makes the partition a primary; a prepared transaction stays so. */
  async promote(): Promise<Position> {
    const { log, file, environment, fail } = this.#core;
    const timestamp = environment.hybridClock.next();
    const draft = { term: log.tail.term + 1, timestamp, origin: file.meta.origin };
    const { position } = log.append({ ...draft, payload: { kind: 'term' } });
    try {
      await log.harden();
      environment.failpoint('after-sync');
      file.begin(false);
      file.setRole('primary', true);
      if (this.#replay.prepared === null) file.setApplied(position, timestamp);
      file.commit();
    } catch (error) {
      throw fail(error);
    }
    return position;
  }

  /**
   * Takes back every record after `lsn`, newest first; answers false, and has done nothing, when
   * one of them is a definition or the log does not reach back. Log and file part for a moment
   * in the file's favour: a crash there replays the records, and the caller begins again.
   */
  rewindTo(lsn: LSN): boolean {
    const { log, file, name, fail } = this.#core;
    if (lsn + 1n < log.firstLsn || lsn >= log.tail.lsn) return lsn === log.tail.lsn;
    const undone = this.#undoneAfter(lsn);
    if (undone === null) return false;
    try {
      file.begin(false);
      for (const changeset of undone.changesets.reverse()) {
        applyChanges(file.connection, invertChangeset(changeset), name);
      }
      const at = undone.preparedLsn === null ? lsn : undone.preparedLsn - 1n;
      file.setApplied(log.positionAt(at), log.tailTimestamp);
      file.connection.run('DELETE FROM _twinleaf_verdicts WHERE lsn > ?', [lsn]);
      file.commit();
      syncWal(file.path);
      log.truncateAfter(lsn);
    } catch (error) {
      throw fail(error);
    }
    return true;
  }

  /** What the records after `lsn` have made visible; null when it cannot be inverted. */
  #undoneAfter(lsn: LSN): { changesets: Uint8Array[]; preparedLsn: LSN | null } | null {
    const { log } = this.#core;
    const before = this.#preparedAt(lsn);
    let prepared = before;
    const changesets: Uint8Array[] = [];
    for (const { payload, lsn: at } of log.records(log.positionAt(lsn))) {
      if (payload.kind === 'definition') return null;
      if (payload.kind === 'rows') changesets.push(payload.changeset);
      if (payload.kind === 'prepare') prepared = { ...payload, lsn: at };
      if (payload.kind !== 'commit' && payload.kind !== 'abort') continue;
      if (prepared?.transactionId !== payload.transactionId) continue;
      if (payload.kind === 'commit') changesets.push(prepared.changeset);
      prepared = null;
    }
    return { changesets, preparedLsn: before?.lsn ?? null };
  }

  /** The transaction that was prepared and undecided just after record `lsn`. */
  #preparedAt(lsn: LSN): PreparedRecord | null {
    const { log } = this.#core;
    const decided = new Set<string>();
    for (let at = lsn; at >= log.firstLsn; at -= 1n) {
      const record = this.#record(at);
      const { payload } = record;
      if (payload.kind === 'commit' || payload.kind === 'abort') decided.add(payload.transactionId);
      else if (payload.kind === 'prepare') {
        return decided.has(payload.transactionId) ? null : { ...payload, lsn: at };
      } else if (payload.kind !== 'term') return null;
    }
    return null;
  }

  #record(lsn: LSN): LogRecord {
    const { log } = this.#core;
    const [found] = readFrames(log.read(lsn - 1n, 1, lsn), log.positionAt(lsn - 1n));
    const { record } = must(found);
    must(recordPosition(record).lsn === lsn || null, 'the log answers the record asked for');
    return record;
  }
}

/** Makes what SQLite has committed durable. */
function syncWal(path: string): void {
  const descriptor = openSync(`${path}-wal`, 'r');
  try {
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
