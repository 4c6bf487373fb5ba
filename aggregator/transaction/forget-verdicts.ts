// Lets partitions forget the verdicts that nobody will ask for any more.
//
// A verdict is asked for by who is in doubt, and whoever takes part was prepared before it was
// given. So once every partition of the database has been seen after it, a verdict is needed only
// where one of them is in doubt about that very transaction. Two rounds of statuses tell that: the
// ends of the logs in the first, and who is in doubt in a later one, of all partitions.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { VERDICTS_KEPT } from '#shared/cluster/verdicts-kept.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { leafOfPartition } from './partition-client.ts';

/** How often a database's partitions are told, in milliseconds. */
const INTERVAL_MS = 60_000;

export class ForgetVerdicts {
  readonly #context: AggregatorContext;
  readonly #kept: number;
  /** The ends of the logs in the round of the last time, by partition. */
  #ends = new Map<string, LSN>();
  /** Up to where a partition has been told to forget. */
  readonly #forgotten = new Map<string, LSN>();
  #nextMs = -Infinity;

  constructor(context: AggregatorContext, kept = VERDICTS_KEPT) {
    this.#context = context;
    this.#kept = kept;
  }

  /** What a round of asking all leaves has brought. `intervalMs` 0 acts in every round. */
  async round(statuses: readonly PartitionStatus[], intervalMs = INTERVAL_MS): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    if (now < this.#nextMs && intervalMs > 0) return;
    this.#nextMs = now + intervalMs;
    const ends = this.#ends;
    this.#ends = new Map(statuses.map(({ key, tail }) => [partitionName(key), tail.lsn]));
    const whole = this.#context.catalog
      .databases()
      .map(({ name, placements, role }) => {
        const own = statuses.filter((status) => status.key.database === name && isWhole(status));
        return role === 'primary' && own.length === placements.length ? own : [];
      })
      .filter((own) => own.length > 0);
    await Promise.all(whole.map((own) => this.#forget(own, ends)));
  }

  async #forget(statuses: readonly PartitionStatus[], ends: Map<string, LSN>): Promise<void> {
    const except = statuses.flatMap(({ inDoubt, late }) => {
      return [...(inDoubt === null ? [] : [inDoubt.transactionId]), ...(late ? [late] : [])];
    });
    for (const { key } of statuses) {
      const name = partitionName(key);
      const upTo = ends.get(name) ?? 0n;
      if (upTo <= (this.#forgotten.get(name) ?? 0n)) continue;
      try {
        const leaf = leafOfPartition(this.#context, key);
        await leaf.call('forgetVerdicts', { key, upTo, except, kept: this.#kept });
        // What was left out is asked for again when nobody is in doubt about it.
        if (except.length === 0) this.#forgotten.set(name, upTo);
      } catch (error) {
        const { logger } = this.#context;
        logger.debug('old verdicts are kept for now', { partition: name, reason: String(error) });
      }
    }
  }
}

/** One copy of each partition: its replicas have another role. */
function isWhole({ role, state }: PartitionStatus): boolean {
  return role === 'primary' && state === 'online';
}
