// While a transaction waits for a lock it may be rolled back on another partition, to break a
// deadlock: the wait is for nothing then, and the client is to be told.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { Timer } from '#shared/clock.ts';
import type { TransactionTag } from '#shared/wire/message.ts';
import type { Participant } from './two-phase-commit.ts';

/** Between two looks at the participants, in milliseconds. Most waits are over before the first. */
const LOOK_MS = 200;

export interface Watched {
  /** Those that are not waited for; each knows the transaction. */
  readonly participants: readonly Participant[];
  readonly tag: TransactionTag;
  /** Told once, when one of them knows it no more. */
  readonly onLost: (error: unknown) => void;
}

/** Looks again and again; answers how to stop. */
export function watchParticipants(context: AggregatorContext, watched: Watched): () => void {
  const { participants, onLost } = watched;
  if (participants.length === 0) return () => undefined;
  let isOver = false;
  let timer: Timer | null = null;
  const look = async (): Promise<void> => {
    try {
      await Promise.all(participants.map((participant) => ask(context, participant, watched.tag)));
      if (!isOver) timer = context.clock.after(LOOK_MS, () => void look());
    } catch (error) {
      if (!isOver) onLost(error);
    }
  };
  timer = context.clock.after(LOOK_MS, () => void look());
  return () => {
    isOver = true;
    timer?.cancel();
  };
}

/** A read among the transaction's own writes, which only a partition that knows it answers. */
async function ask(
  context: AggregatorContext,
  { key, leaf }: Participant,
  transaction: TransactionTag,
): Promise<void> {
  const catalogVersion = planVersion(context.catalog.database(key.database));
  const statement = { sql: 'SELECT 1', parameters: [] };
  const request = { key, catalogVersion, transaction, statement, columns: [] };
  const rows = leaf.stream('read', { ...request, forUpdate: false, lockWaitTimeoutMs: 0 });
  for await (const batch of rows) void batch;
}
