// In-doubt recovery: prepared transactions whose coordinator is gone get their verdict.
//
// Every participant's prepare names all participants; the first of them knows the verdict, or
// writes `abort` down when it is asked and has none. So any aggregator can settle any transaction,
// and two that do so at once do no harm. One of ours that we are not committing any more is settled
// at once; one of another aggregator is left alone for a while, since that may be at it.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { ForgetVerdicts } from './forget-verdicts.ts';
import { leafOfPartition } from './partition-client.ts';

/** How long a transaction may be in doubt before somebody else than its coordinator settles it. */
const GRACE_MS = 5_000;

/** Between two rounds of the periodic recovery. */
export const RECOVERY_INTERVAL_MS = 2_000;

interface InDoubt {
  readonly key: PartitionKey;
  readonly transactionId: string;
  readonly first: number;
}

/** Settles what stays in doubt. One for an aggregator; `run` at its start and again and again. */
export class InDoubtRecovery {
  readonly #context: AggregatorContext;
  /** Transactions that this aggregator is committing now. */
  readonly #isLive: (transactionId: string) => boolean;
  readonly forgetting: ForgetVerdicts;
  /** When each transaction in doubt was first seen, in monotonic milliseconds. */
  #firstSeen = new Map<string, number>();

  constructor(context: AggregatorContext, isLive: (transactionId: string) => boolean) {
    this.#context = context;
    this.forgetting = new ForgetVerdicts(context);
    this.#isLive = isLive;
  }

  /**
   * One round over all leaves that can be reached; answers how many partitions it settled.
   * `graceMs` 0 settles other aggregators' at once too.
   */
  async run(graceMs = GRACE_MS): Promise<number> {
    const statuses = await this.#statuses();
    await this.forgetting.round(statuses);
    const found = statuses.flatMap(inDoubtOf);
    const now = this.#context.clock.monotonicMs();
    const firstSeen = new Map<string, number>();
    let settled = 0;
    for (const inDoubt of found) {
      const { transactionId } = inDoubt;
      const since = this.#firstSeen.get(transactionId) ?? now;
      firstSeen.set(transactionId, since);
      const isOurs = transactionId.startsWith(`${this.#context.nodeId}-`);
      if (this.#isLive(transactionId) || (!isOurs && now - since < graceMs)) continue;
      if (await this.#settle(inDoubt)) settled += 1;
    }
    this.#firstSeen = firstSeen;
    return settled;
  }

  async #statuses(): Promise<readonly PartitionStatus[]> {
    const { leaves, catalog } = this.#context;
    const nodes = leaves.nodes().filter(({ id, kind }) => kind === 'leaf' && leaves.isOnline(id));
    const answers = await Promise.allSettled(
      nodes.map(({ id }) => leaves.leaf(id).call('partitionStatus', { database: null })),
    );
    // While a secondary is promoted, its promotion alone knows what others have committed.
    const names = catalog.databases().flatMap(({ name, role }) => (role === 'primary' ? name : []));
    return answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.partitions : []))
      .filter(({ key }) => names.includes(key.database));
  }

  async #settle({ key, transactionId, first }: InDoubt): Promise<boolean> {
    const { logger } = this.#context;
    try {
      const decider = { database: key.database, ordinal: first };
      const { verdict } = await leafOfPartition(this.#context, decider).call('verdict', {
        key: decider,
        transactionId,
      });
      const leaf = leafOfPartition(this.#context, key);
      await leaf.call('decide', { key, transactionId, verdict });
      logger.info('a transaction in doubt is settled', {
        transactionId,
        partition: partitionName(key),
        verdict,
      });
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn('a transaction stays in doubt', { transactionId, reason });
      return false;
    }
  }
}

function inDoubtOf({ key, role, inDoubt }: PartitionStatus): readonly InDoubt[] {
  const first = inDoubt?.participants[0];
  if (inDoubt === null || first === undefined || role !== 'primary') return [];
  return [{ key, transactionId: inDoubt.transactionId, first }];
}
