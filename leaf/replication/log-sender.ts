// Primary side: a snapshot if it must, then the log, for ever.
//
// Same history? Still there? The answer is `records from`, `snapshot` or `diverged`; then batches
// of frames as they become sendable, and a heartbeat at least each second. The consumer pulls, so
// a slow follower makes its own stream wait and nothing else.

import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Logger } from '#shared/logger.ts';
import type { CheckCalls, ContentAnswer } from '#shared/wire/content-message.ts';
import type { FollowerStatus, LeafStreams, SubscribeItem } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { Followed } from '#leaf/partition/partition-options.ts';
import type { Snapshot } from '#leaf/partition/snapshot.ts';
import type { ContentReader } from '#leaf/partition/content-reader.ts';
import { ConnectedFollower } from './connected-follower.ts';
import { RecordStream } from './record-stream.ts';
import { sendSnapshot } from './send-snapshot.ts';
import { ServedChecks } from './served-checks.ts';

/** A follower that has nothing gets a snapshot rather than more bytes of records than these. */
const firstLogBytesMax = 1024 * 1024;

export type SubscribeRequest = LeafStreams['subscribe']['request'];

/** A copy of the partition, and from which byte on it is sent. */
interface TakenSnapshot {
  readonly snapshot: Snapshot;
  readonly offset: number;
}

/** The followers of all partitions of a leaf. */
export class LogSender {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #checks: ServedChecks | null;
  /** By partition name, then by follower id. */
  readonly #connected = new Map<string, Map<string, ConnectedFollower>>();

  /** `content` reads what followers compare themselves with; without it checks are refused. */
  constructor(options: { clock: Clock; logger: Logger; content?: ContentReader }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    const { clock, content } = options;
    this.#checks = content === undefined ? null : new ServedChecks(clock, content);
  }

  /**
   * Serves one subscription until the consumer returns or `signal` fires. A second one of the
   * same follower ends the first. It also ends when the log no longer holds the next record: the
   * follower comes again and gets a snapshot.
   */
  async *subscribe(
    partition: Partition,
    request: SubscribeRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<SubscribeItem> {
    await partition.log.reader.prepare(request.position.lsn);
    const diverged = findDivergence(partition, request);
    if (diverged !== null && partition.role !== 'primary' && !partition.provisioned) {
      // It has begun anew: its history is not another, only not here again yet.
      throw databaseError('databaseProvisioning', { name: partition.key.database });
    }
    // A copy within the cluster has nothing of its own: it begins anew from a snapshot.
    if (diverged !== null && !request.synchronous && !request.anew) {
      this.#logger.warn('follower diverged', { follower: request.followerId });
      yield diverged;
      return;
    }
    const follower = this.#begin(partition, request);
    const stop = () => follower.end();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted === true) return;
      const from = yield* this.#begins(partition, follower, request);
      const records = this.#recordsFor(partition, follower, from);
      try {
        for (let item = await records.next(); item !== null; item = await records.next()) {
          yield item;
        }
      } finally {
        await records.end();
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#end(partition, follower);
    }
  }

  /** The follower has applied everything up to `lsn`, durably. */
  acknowledge(partition: Partition, followerId: string, lsn: LSN): void {
    const sendable = partition.log.sendable.lsn;
    if (lsn < 0n || lsn > sendable) {
      throw databaseError('linkProtocol', { reason: `LSN ${lsn} is confirmed but was never sent` });
    }
    partition.followers.confirm(followerId, lsn);
    this.#connected.get(partition.name)?.get(followerId)?.confirm(lsn, sendable);
  }

  /** Puts a `check` into the stream of a follower, which must be connected. */
  askCheck(partition: Partition, followerId: string): void {
    const follower = this.#connected.get(partition.name)?.get(followerId);
    if (this.#checks === null || follower === undefined) {
      throw databaseError('linkProtocol', {
        reason: 'a check is asked for by who does not follow',
      });
    }
    follower.checkAsked = true;
    follower.wakeStream();
  }

  /** What the snapshot of a follower's check holds. */
  async checkContent(request: CheckCalls['checkContent']['request']): Promise<ContentAnswer> {
    const { followerId, checkId, ask } = request;
    if (this.#checks !== null) return this.#checks.answer(followerId, checkId, ask);
    throw databaseError('linkProtocol', { reason: 'no check was begun' });
  }

  /** It comes no more: its subscription ends, and nothing is kept for it. */
  async forget(partition: Partition, followerId: string): Promise<void> {
    this.#connected.get(partition.name)?.get(followerId)?.end();
    await partition.followers.remove(followerId);
  }

  /** Who follows the partition, how far, and how much is kept for each. */
  status(partition: Partition): FollowerStatus[] {
    const connected = this.#connected.get(partition.name);
    return partition.followers.list().map(({ id, confirmed, letGo }) => {
      const now = connected?.get(id);
      return {
        id,
        address: now?.address ?? '',
        state: now?.state ?? 'probe',
        connected: now !== undefined,
        confirmed,
        bytesKept: letGo === '' ? partition.log.reader.bytesAfter(confirmed) : 0,
        letGo,
      };
    });
  }

  /**
   * Resolves when every synchronous follower that is online and in step has confirmed `lsn`; null
   * where there is none to wait for. One that takes too long is cut off: it counts as offline until
   * it has caught up again.
   */
  waitForFollowers(key: PartitionKey, lsn: LSN): Promise<unknown> | null {
    if (this.#connected.size === 0) return null;
    const connected = this.#connected.get(partitionName(key));
    if (connected === undefined) return null;
    const late = [...connected.values()].filter((each) => each.inSync && each.confirmed < lsn);
    if (late.length === 0) return null;
    return Promise.all(late.map((follower) => follower.waitForConfirmed(lsn, this.#clock)));
  }

  /** Whether whoever commits waits for a follower now. */
  followed(key: PartitionKey): Followed {
    const connected = this.#connected.get(partitionName(key));
    if (connected === undefined) return 'by nobody';
    return connected.values().some(({ inSync }) => inSync) ? 'in step' : 'behind';
  }

  /** Ends every subscription of a partition that is dropped or closed. */
  endAll(key: PartitionKey): void {
    const followers = this.#connected.get(partitionName(key));
    for (const follower of followers?.values() ?? []) follower.end();
  }

  #begin(partition: Partition, request: SubscribeRequest): ConnectedFollower {
    const { followerId: id, address, synchronous, position } = request;
    const confirmed = mayGoOn(partition, request) ? position.lsn : 0n;
    const follower = new ConnectedFollower({
      id,
      address,
      synchronous,
      confirmed,
      inParts: request.inParts === true,
    });
    const followers = this.#connected.get(partition.name) ?? new Map<string, ConnectedFollower>();
    followers.get(id)?.end();
    followers.set(id, follower);
    this.#connected.set(partition.name, followers);
    return follower;
  }

  #end(partition: Partition, follower: ConnectedFollower): void {
    follower.end();
    const followers = must(this.#connected.get(partition.name));
    if (followers.get(follower.id) === follower) {
      followers.delete(follower.id);
      void this.#checks?.close(follower.id);
    }
    if (followers.size === 0) this.#connected.delete(partition.name);
  }

  /** What comes before the records; answers after which LSN those begin. */
  async *#begins(
    partition: Partition,
    follower: ConnectedFollower,
    request: SubscribeRequest,
  ): AsyncGenerator<SubscribeItem, LSN, undefined> {
    const { lsn } = request.position;
    const taken = mayGoOn(partition, request)
      ? null
      : await this.#snapshotFor(partition, follower, request);
    if (taken === null) {
      await register(partition, follower.id, lsn);
      yield { kind: 'records from', lsn: lsn + 1n };
      return lsn;
    }
    const { snapshot, offset, reason } = taken;
    this.#logger.info('sending a snapshot', {
      follower: follower.id,
      partition: partition.name,
      bytes: snapshot.sizeBytes,
      from: offset,
    });
    yield* sendSnapshot(snapshot, offset, reason);
    return snapshot.position.lsn;
  }

  #recordsFor(partition: Partition, follower: ConnectedFollower, from: LSN): RecordStream {
    follower.state = 'replicate';
    follower.confirm(follower.confirmed, partition.log.sendable.lsn);
    const checks = this.#checks;
    const openCheck = checks === null ? null : () => checks.open(partition, follower.id);
    return new RecordStream({ partition, follower, from, clock: this.#clock, openCheck });
  }

  /** Null: none can be taken, and the log has all that the follower needs. */
  async #snapshotFor(
    partition: Partition,
    follower: ConnectedFollower,
    request: SubscribeRequest,
  ): Promise<(TakenSnapshot & { readonly reason: string }) | null> {
    follower.state = 'snapshot';
    const reason = partition.followers.find(follower.id)?.letGo ?? '';
    try {
      return { ...(await takeSnapshot(partition, request)), reason };
    } catch (error) {
      if (!hasRecords(partition, request)) throw error;
      const fields = { follower: follower.id, partition: partition.name };
      this.#logger.warn('no snapshot can be taken: the records are sent', fields, error);
      return null;
    }
  }
}

/** True when the log has every record after the follower's position. */
function hasRecords({ log }: Partition, { anew, position }: SubscribeRequest): boolean {
  return !anew && log.reader.contains(position) === 'same';
}

/** True when it gets those; else a snapshot, which is there far sooner than a long log's rows. */
function mayGoOn(partition: Partition, request: SubscribeRequest): boolean {
  if (!hasRecords(partition, request)) return false;
  return request.position.lsn > 0n || partition.log.reader.bytesAfter(0n) <= firstLogBytesMax;
}

function findDivergence(partition: Partition, request: SubscribeRequest): SubscribeItem | null {
  const { position } = request;
  const tail = partition.log.tail;
  switch (partition.log.reader.contains(position)) {
    case 'same':
    case 'dropped':
      return null;
    case 'ahead': {
      const reason = `the follower is at LSN ${position.lsn}, the primary only at ${tail.lsn}`;
      return { kind: 'diverged', position: { term: tail.term, lsn: tail.lsn }, reason };
    }
    case 'different': {
      const reason = `the primary has another record at LSN ${position.lsn}`;
      return { kind: 'diverged', position: { term: position.term, lsn: position.lsn }, reason };
    }
  }
}

async function register(partition: Partition, id: string, lsn: LSN): Promise<void> {
  if (await partition.followers.register(id, lsn)) return;
  throw databaseError('linkProtocol', { reason: `${partition.name} has too many followers` });
}

/** The snapshot that was cut, where it is still of use, else a new one. */
async function takeSnapshot(
  partition: Partition,
  request: SubscribeRequest,
): Promise<TakenSnapshot> {
  const { followerId, resume } = request;
  const { log } = partition;
  const cut = resume === null ? null : partition.findSnapshot(resume.snapshotId);
  const usable = cut !== null && cut.position.lsn + 1n >= log.firstLsn;
  if (resume !== null && usable && resume.offset >= 0 && resume.offset <= cut.sizeBytes) {
    await register(partition, followerId, cut.position.lsn);
    return { snapshot: cut, offset: resume.offset };
  }
  // Registered first, so that what is written while the copy is made is kept.
  await register(partition, followerId, partition.replay.lsn);
  const snapshot = await partition.snapshot();
  partition.followers.confirm(followerId, snapshot.position.lsn);
  return { snapshot, offset: 0 };
}
