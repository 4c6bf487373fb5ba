// All links of a leaf: started, paused, ended, remembered, and gone on with after a restart.

import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Logger } from '#shared/logger.ts';
import { Turns } from '#shared/turns.ts';
import type { CheckReport } from '#shared/wire/content-message.ts';
import type { LeafCalls, LinkSource, LinkStatus, PartitionStatus } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { Applier } from './applier.ts';
import { abandoned, maybeTorn, readLinkFile, removeLinkFile, writeLinkFile } from './link-file.ts';
import type { CheckSettings } from './link-check.ts';
import { Link } from './link.ts';
import type { DialLeaf } from './link-options.ts';
import type { Pace } from './pace.ts';
import { findSharedPosition } from './shared-position.ts';
import { followerIdOf } from '#shared/cluster/topology.ts';

type SharedPosition = LeafCalls['sharedPosition']['reply'];

export interface LinkSetOptions {
  readonly dial: DialLeaf;
  /** Our cluster's id: followers are known by it at the primary. */
  readonly clusterId: () => string;
  /** Our own address as others know it, `host:port`. */
  readonly address: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How links compare themselves with their primaries; absent: not at all. */
  readonly checks?: CheckSettings;
  /** When secondaries apply what comes; absent: as it comes. */
  readonly pace?: Pace;
}

/** At most one link a partition; changes to one are made one after another. */
export class LinkSet {
  readonly #options: LinkSetOptions;
  readonly #links = new Map<string, Link>();
  readonly #turns = new Turns();

  constructor(options: LinkSetOptions) {
    this.#options = options;
  }

  /** The leaf has opened the partition: goes on with its link, where it has one. */
  async resume(partition: Partition): Promise<void> {
    await this.#turns.inTurn(partition.name, async () => {
      await Applier.removeLeftovers(partition);
      const remembered = await readLinkFile(partition);
      if (remembered === null) return;
      if (partition.role === 'primary') await removeLinkFile(partition);
      else this.#open(partition, remembered);
    });
  }

  /** Makes the partition follow the source, or moves its link to it. Idempotent. */
  async startLink(partition: Partition, source: LinkSource): Promise<void> {
    await this.#turns.inTurn(partition.name, async () => {
      if (partition.role === 'primary') {
        throw databaseError('notReplicating', { name: partition.key.database });
      }
      const followerId = this.#followerId(partition, source);
      await writeLinkFile(partition, { source, followerId, paused: false });
      const link = this.#links.get(partition.name);
      if (link === undefined) this.#open(partition, { source, followerId, paused: false });
      else await link.start(source);
    });
  }

  /** Throws notReplicating when there is no link. */
  async pauseLink(partition: Partition): Promise<void> {
    await this.#turns.inTurn(partition.name, async () => {
      const link = this.#links.get(partition.name);
      const remembered = await readLinkFile(partition);
      if (link === undefined || remembered === null) {
        throw databaseError('notReplicating', { name: partition.key.database });
      }
      await writeLinkFile(partition, { ...remembered, paused: true });
      await link.pause();
    });
  }

  /** What the partition holds is not the primary's: a snapshot is to take its place. */
  async abandonHistory(partition: Partition): Promise<void> {
    await this.#turns.inTurn(partition.name, async () => {
      await abandoned.set(partition);
      await partition.markProvisioned(false);
    });
  }

  /** See LeafCalls.markWhole. */
  async markWhole(partition: Partition): Promise<void> {
    await this.#turns.inTurn(partition.name, () => maybeTorn.remove(partition));
  }

  /** What the files beside a secondary tell of its copy. */
  copyStatus(partition: Partition): Pick<PartitionStatus, 'maybeTorn' | 'abandoned'> {
    // Its link may not be there yet: after a failback it waits for a primary that can be asked.
    const follows = partition.role === 'secondary';
    return {
      maybeTorn: follows && maybeTorn.isSet(partition),
      abandoned: follows && abandoned.isSet(partition),
    };
  }

  /**
   * Ends the link, applies what was received, and opens the next term. Idempotent. Throws
   * promotionBlocked where its copy is not whole, unless it is to be promoted anyway.
   */
  async promote(partition: Partition, { anyway }: { readonly anyway: boolean }): Promise<Position> {
    return await this.#turns.inTurn(partition.name, async () => {
      const link = this.#links.get(partition.name);
      // What waits for a snapshot of another history still has all of its own.
      const isWhole = partition.provisioned || abandoned.isSet(partition);
      if (link !== undefined && partition.role !== 'primary' && !isWhole && !anyway) {
        const reason = 'its copy is not whole yet';
        throw databaseError('promotionBlocked', { partition: partition.name, reason });
      }
      await link?.end();
      const position = await partition.promote();
      this.#links.delete(partition.name);
      await removeLinkFile(partition);
      await abandoned.remove(partition);
      await maybeTorn.remove(partition);
      await Applier.removeLeftovers(partition);
      return position;
    });
  }

  /** Can this leaf reach that one, and is the ticket good? Rejects with the reason. */
  async probeLink(source: LinkSource): Promise<void> {
    const leaf = await this.#options.dial(
      source.address,
      source.ticket,
      new AbortController().signal,
    );
    try {
      await leaf.call('ping', {});
    } finally {
      leaf.close();
    }
  }

  /** Where the partition's history and the source's part. Rejects when it cannot be reached. */
  async sharedPosition(partition: Partition, source: LinkSource): Promise<SharedPosition> {
    const signal = new AbortController().signal;
    const leaf = await this.#options.dial(source.address, source.ticket, signal);
    try {
      const { key } = source;
      const followerId = this.#followerId(partition, source);
      const shared = await findSharedPosition(partition.log, async (position) => {
        const reply = await leaf.call('comparePosition', { key, followerId, position });
        return reply.containment;
      });
      return { shared, tail: partition.log.tail.lsn };
    } finally {
      leaf.close();
    }
  }

  /** What the primary at the head of the chain has now; null while it cannot be asked. */
  async primaryTail(partition: Partition): Promise<LSN | null> {
    return (await this.#links.get(partition.name)?.primaryTail()) ?? null;
  }

  /** Asks for a comparison with the primary; answers its number. Throws notReplicating. */
  checkLink(partition: Partition, withRows: boolean): number {
    const link = this.#links.get(partition.name);
    if (link !== undefined) return link.checkNow(withRows);
    throw databaseError('notReplicating', { name: partition.key.database });
  }

  /** What the last comparison found; null before the first. */
  linkReport(partition: Partition): CheckReport | null {
    return this.#links.get(partition.name)?.checkReport ?? null;
  }

  /** The partition's end of its link, or null. */
  status(partition: Partition): LinkStatus | null {
    return this.#links.get(partition.name)?.status() ?? null;
  }

  /** The partition closes or goes: its link stops. A dropped directory takes the file along. */
  async stop(partition: Partition): Promise<void> {
    await this.#turns.inTurn(partition.name, async () => {
      await this.#links.get(partition.name)?.end();
      this.#links.delete(partition.name);
    });
  }

  /** The leaf stops. Its links go on at its next start. */
  async close(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.end()));
    this.#links.clear();
  }

  #open(
    partition: Partition,
    remembered: { source: LinkSource; followerId: string; paused: boolean },
  ): void {
    const { dial, address, clock, logger, checks = null, pace = null } = this.#options;
    const link = new Link({
      partition,
      ...remembered,
      dial,
      address: address(),
      clock,
      checks,
      pace,
      logger: logger.with({ partition: partition.name }),
    });
    this.#links.set(partition.name, link);
  }

  /** Replicas of one partition live on many leaves of a cluster: the leaf tells them apart. */
  #followerId(partition: Partition, source: LinkSource): string {
    const { clusterId, address } = this.#options;
    return followerIdOf(clusterId(), partition.key, source.ticket === null ? address() : null);
  }
}
