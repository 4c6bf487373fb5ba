// Commits one transaction on all its participants: two phases, whose truth is in their logs.
//
// 1. Every participant appends `prepare`. One that cannot: all abort.
// 2. The first participant appends `commit`. That record is the decision.
// 3. The others are told. One that cannot be reached stays in doubt, keeps its lock, and is told
//    by in-doubt recovery (resolve-in-doubt.ts).
//
// Invariant: no `commit` is sent to the others before the first participant's own is durable.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { LeafService, Verdict } from '#shared/wire/message.ts';
import type { CoordinatorFailpoint } from './failpoint.ts';

export interface Participant {
  readonly key: PartitionKey;
  readonly leaf: LeafService;
}

/** What a commit is carried out with. */
export interface CommitParts {
  readonly context: Pick<AggregatorContext, 'clock' | 'logger'>;
  readonly transactionId: string;
  readonly failpoint: CoordinatorFailpoint;
}

/** How long a lost decision is asked for before the client is told that it is not known. */
const VERDICT_WAIT_MS = 10_000;

/** Between two questions. */
const VERDICT_RETRY_MS = 200;

/**
 * Commits on the participants, the first of which decides. Throws the error that aborted the
 * transaction as a whole, or commitUnknown.
 */
export async function commitParticipants(
  parts: CommitParts,
  participants: readonly Participant[],
): Promise<void> {
  const { context, transactionId, failpoint } = parts;
  const [first, ...others] = participants;
  if (first === undefined) return;
  if (others.length === 0) return commitOne(first, transactionId);
  failpoint('coordinator-before-prepare');
  await prepareAll(parts, participants);
  failpoint('coordinator-all-prepared');
  const verdict = await decideFirst(parts, first);
  failpoint('coordinator-decided');
  const told = await decideOthers(parts, others, verdict);
  if (verdict === 'abort') throw databaseError('deadlock', {});
  if (!told) {
    context.logger.warn('a committed transaction waits for a participant', { transactionId });
  }
  failpoint('coordinator-before-answer');
}

async function commitOne({ key, leaf }: Participant, transactionId: string): Promise<void> {
  try {
    await leaf.call('commit', { key, transactionId });
  } catch (error) {
    if (error instanceof DatabaseError && !error.is('leafUnreachable')) throw error;
    throw databaseError('commitUnknown', { reason: reasonOf(error) }, error);
  }
}

async function prepareAll(
  { transactionId, failpoint }: CommitParts,
  participants: readonly Participant[],
): Promise<void> {
  const ordinals = participants.map(({ key }) => key.ordinal);
  const prepared = await Promise.allSettled(
    participants.map(async ({ key, leaf }) => {
      await leaf.call('prepare', { key, transactionId, participants: ordinals });
      failpoint('coordinator-some-prepared');
    }),
  );
  const failed = prepared.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  // A participant whose answer was lost may be prepared or not: it is told in both words.
  await Promise.allSettled(
    participants.map(async ({ key, leaf }, i) => {
      if (prepared[i]?.status === 'rejected') {
        await Promise.allSettled([leaf.call('rollback', { key, transactionId })]);
      }
      await leaf.call('decide', { key, transactionId, verdict: 'abort' });
    }),
  );
  throw failed.reason;
}

/** The decision: asked for again, within bounds, when its answer is lost. */
async function decideFirst(parts: CommitParts, first: Participant): Promise<Verdict> {
  const { key, leaf } = first;
  const { transactionId } = parts;
  try {
    await leaf.call('decide', { key, transactionId, verdict: 'commit' });
    return 'commit';
  } catch (error) {
    return askVerdict(parts, first, error);
  }
}

async function askVerdict(
  { context, transactionId }: CommitParts,
  { key, leaf }: Participant,
  lost: unknown,
): Promise<Verdict> {
  const { clock } = context;
  const deadline = clock.monotonicMs() + VERDICT_WAIT_MS;
  let cause = lost;
  while (clock.monotonicMs() < deadline) {
    try {
      return (await leaf.call('verdict', { key, transactionId })).verdict;
    } catch (error) {
      cause = error;
      await clock.sleep(VERDICT_RETRY_MS);
    }
  }
  throw databaseError('commitUnknown', { reason: reasonOf(cause) }, cause);
}

/** True when all have taken the verdict. */
async function decideOthers(
  { transactionId, failpoint }: CommitParts,
  others: readonly Participant[],
  verdict: Verdict,
): Promise<boolean> {
  const told = await Promise.allSettled(
    others.map(async ({ key, leaf }) => {
      await leaf.call('decide', { key, transactionId, verdict });
      failpoint('coordinator-some-told');
    }),
  );
  return told.every((result) => result.status === 'fulfilled');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
