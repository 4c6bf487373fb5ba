// Prepared transactions that wait for a verdict, and how a verdict is carried out.

import { databaseError } from '#shared/error.ts';
import type { LeafCalls, Verdict } from '#shared/wire/message.ts';
import { patientClaim } from '#shared/lock-claim.ts';
import { applyChanges } from './apply-changes.ts';
import { isPlace, wholeChanges, type LoggedChanges } from './apply-from.ts';
import { decides, mayBeLate, syncVerdictSoon } from './late-sync.ts';
import { applyElsewhere } from './write-elsewhere.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { PartitionCore } from './partition-core.ts';
import { appendOwn, makeVisible, makeVisibleElsewhere } from './write-transaction.ts';

export type ForgettableVerdicts = Omit<LeafCalls['forgetVerdicts']['request'], 'key'>;

/** How long what may as well be forgotten later waits for the lock, in milliseconds. */
const FORGET_WAIT_MS = 1_000;

/** A prepared transaction that the log holds and no SQLite transaction does. */
export interface PreparedRecord {
  readonly transactionId: string;
  readonly participants: readonly number[];
  readonly changeset: LoggedChanges;
  /** Of its `prepare` record. */
  readonly lsn: bigint;
}

/**
 * Writes the verdict down, then makes the prepared transaction visible or undoes it. The first
 * participant's record of `commit` is the decision for all, and durable before anybody hears of it;
 * the others' are durable soon. The caller holds the lock for the transaction, which is prepared.
 */
export async function carryOut(
  core: PartitionCore,
  transaction: OpenTransaction,
  verdict: Verdict,
): Promise<bigint> {
  const { log, file, verdicts, environment, fail } = core;
  let worker = verdict === 'commit' ? transaction.worker : null;
  // A record that cannot be appended (a full disk) leaves the transaction prepared.
  for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
  const isLate = !decides(core, transaction.participants) && mayBeLate(core);
  const record = appendOwn(core, { kind: verdict, transactionId: transaction.id });
  const { lsn } = record.position;
  environment.failpoint('after-decide-append');
  try {
    if (isLate) syncVerdictSoon(core, { transactionId: transaction.id, lsn });
    else await log.sync();
    environment.failpoint('after-decide');
    if (verdict === 'abort') {
      transaction.rollback();
      await transaction.undone;
    }
    const changes = verdict === 'commit' ? transaction.changeset : null;
    if (isPlace(changes)) worker = await applyElsewhere(core, changes);
    if (worker === null && !file.inTransaction) file.begin(false);
    if (changes !== null && worker === null) {
      applyChanges(file.connection, wholeChanges(changes), core.name);
    }
  } catch (error) {
    throw fail(error);
  }
  verdicts.note(transaction.id, verdict, lsn);
  const show = (): Promise<void> => makeVisible(core, record, isLate ? 'late' : 'sync');
  if (verdict === 'abort') await show();
  else {
    const commit = { transactionId: transaction.id, participants: transaction.participants };
    await core.shared.note(commit, lsn, () => {
      return worker === null ? show() : makeVisibleElsewhere(core, record, worker);
    });
  }
  return lsn;
}

/**
 * Writes `abort` down for a transaction that is not prepared here, durably: whoever asks later
 * gets the same answer. Needs no lock, since it changes no rows.
 */
export async function abortUnknown(core: PartitionCore, transactionId: string): Promise<void> {
  const { log, verdicts, fail } = core;
  // A transaction that holds the lock may be at a long record.
  for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
  const { position } = appendOwn(core, { kind: 'abort', transactionId });
  verdicts.note(transactionId, 'abort', position.lsn);
  try {
    await log.sync();
  } catch (error) {
    throw fail(error);
  }
  void noteInFile(core);
}

/** Brings verdicts that stand in the log alone into the file, as soon as nobody writes. */
async function noteInFile(core: PartitionCore): Promise<void> {
  const { file, lock, log, verdicts, environment, fail } = core;
  const claim = patientClaim(environment.hybridClock.next());
  await lock.acquire(claim, null);
  try {
    if (!verdicts.isPending) return;
    const { tail, tailTimestamp } = log;
    await log.sync();
    file.begin(false);
    file.setApplied(tail, tailTimestamp);
    verdicts.flush();
    file.commit();
  } catch (error) {
    fail(error);
  } finally {
    lock.release(claim);
  }
}

/**
 * Nobody is in doubt about the verdicts up to `upTo` any more, but for those of `except`; the
 * newest `kept` stay all the same.
 */
export async function forgetVerdicts(
  core: PartitionCore,
  { upTo, except, kept }: ForgettableVerdicts,
): Promise<void> {
  const { file, lock, verdicts, environment, fail } = core;
  const oldest = verdicts.oldestBut(kept);
  if (oldest === null) return;
  const claim = patientClaim(environment.hybridClock.next());
  await lock.acquire(claim, FORGET_WAIT_MS);
  try {
    file.begin(false);
    verdicts.forget(oldest < upTo ? oldest : upTo, except);
    file.commit();
  } catch (error) {
    throw fail(error);
  } finally {
    lock.release(claim);
  }
}

/** Refuses a verdict that contradicts the one that was carried out. */
export function checkVerdict(transactionId: string, known: Verdict, wanted: Verdict): void {
  if (known === wanted) return;
  const reason = `transaction ${transactionId} ended by ${known}, not ${wanted}`;
  throw databaseError('internal', { reason });
}
