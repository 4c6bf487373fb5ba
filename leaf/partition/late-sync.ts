// What need not be durable at once: records whose loss in a power cut changes nothing that was
// promised.
//
// The decider (the first participant) makes its `prepare` durable with its verdict: before that it
// has promised nothing, and without it the answer to who asks is `abort`. The others need not make
// the verdict durable before they carry it out: the decider has it, durably, and keeps it while one
// of them says that it is late. A power cut may then take from the log a verdict that the file has.
//
// Invariant: everything before a late verdict is durable when it is carried out, and it is durable
// before any later record is. So it is the file's newest record or the log has it; and the file
// holds all that it said: the next start writes it again, byte for byte, which the hash of the
// file's position proves.

import { encodeFrame, samePosition, type RecordDraft } from '#shared/log/log-frame.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Verdict } from '#shared/wire/message.ts';
import type { LateVerdict, PartitionCore } from './partition-core.ts';
import type { StateFile } from './state-file.ts';

/**
 * How long a verdict waits for others to be synced with, in milliseconds: it is to go with the next
 * record, whose sync would wait for its own. A follower waits as long.
 */
const VERDICT_WAIT_MS = 20;
const FOLLOWED_WAIT_MS = 2;
/** The same for a decider's `prepare`, whose verdict should have come by then. */
const PREPARE_WAIT_MS = 50;

/** Does this partition decide how a transaction of these participants ends? */
export function decides({ key }: PartitionCore, participants: readonly number[]): boolean {
  return participants.length === 0 || participants[0] === key.ordinal;
}

/** May the next record, a verdict that the decider has, be durable later than carried out? */
export function mayBeLate({ file, log }: PartitionCore): boolean {
  return file.meta.durability === 'sync' && log.hardened.lsn === log.tail.lsn;
}

/** Makes a decider's `prepare` durable, should its verdict be long in coming. */
export function syncPrepareLater(core: PartitionCore, lsn: LSN): void {
  core.environment.clock.after(PREPARE_WAIT_MS, () => void syncUpTo(core, lsn));
}

/** Makes a verdict that is appended durable soon: who follows gets nothing that is not. */
export function syncVerdictSoon(core: PartitionCore, verdict: LateVerdict): void {
  const { key, environment } = core;
  core.late = verdict;
  const sync = (): void => void syncUpTo(core, verdict.lsn);
  const followed = environment.followed?.(key) ?? 'by nobody';
  if (followed === 'in step') sync();
  else environment.clock.after(followed === 'behind' ? FOLLOWED_WAIT_MS : VERDICT_WAIT_MS, sync);
}

async function syncUpTo({ log, fail }: PartitionCore, lsn: LSN): Promise<void> {
  if (log.isClosed || log.hardened.lsn >= lsn) return;
  try {
    await log.sync();
  } catch (error) {
    fail(error);
  }
}

/** The transaction whose verdict a power cut may take yet: who knows it must not forget it. */
export function lateVerdict({ log, late }: PartitionCore): string | null {
  return late === null || late.lsn <= log.hardened.lsn ? null : late.transactionId;
}

/**
 * The file's newest record as it stands in the log, where it is a verdict and leads from `tail` to
 * the file's position; else null.
 */
export function newestVerdict(
  { connection, meta }: Pick<StateFile, 'connection' | 'meta'>,
  tail: Position,
): Uint8Array | null {
  const { applied, timestamp, origin } = meta;
  const sql = 'SELECT transaction_id, verdict FROM _twinleaf_verdicts WHERE lsn = ?';
  const [transactionId, verdict] = connection.get(sql, [applied.lsn]) ?? [];
  if (typeof transactionId !== 'string' || tail.term > applied.term) return null;
  const payload = { kind: verdict as Verdict, transactionId };
  const draft: RecordDraft = { term: applied.term, timestamp, origin, payload };
  const { frame, position } = encodeFrame(tail, draft);
  return samePosition(position, applied) ? frame : null;
}
