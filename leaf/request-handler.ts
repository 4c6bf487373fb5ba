// The way of a request on one page: message to partition.

import type { Clock } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { toDatabaseError } from '#shared/to-database-error.ts';
import { EventLoopMonitor } from '#shared/event-loop-monitor.ts';
import { AssertionError } from '#shared/assert.ts';
import type {
  LeafCalls,
  LeafService,
  LeafStatus,
  LeafStreams,
  PartitionStatus,
  WriteStepResult,
} from '#shared/wire/message.ts';
import type { PacketAnswer, PacketBatch } from '#shared/wire/packet-batch.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { shrinkInteger } from '#shared/sqlite-file.ts';
import { fitsNumbers } from '#leaf/partition/row-batches.ts';
import { RowPackets } from '#shared/mysql/row-packets.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { LinkSet } from '#leaf/replication/link-set.ts';
import { listSharedTransactions } from '#leaf/replication/list-shared-transactions.ts';
import type { LogSender } from '#leaf/replication/log-sender.ts';
import { sendChanges } from '#leaf/replication/send-changes.ts';
import { Restores } from '#leaf/replication/restores.ts';
import { packetStream, readPackets } from './read-packets.ts';
import { readTogether } from './read-together.ts';
import type { PartitionSet } from './partition-set.ts';
import { checkCall, checkStream } from './request-check.ts';

export interface RequestHandlerOptions {
  readonly partitions: PartitionSet;
  readonly links: LinkSet;
  readonly sender: LogSender;
  readonly clock: Clock;
  /** The product's version. */
  readonly version: string;
}

type Handlers = {
  readonly [K in keyof LeafCalls]: (
    request: LeafCalls[K]['request'],
  ) => Promise<LeafCalls[K]['reply']>;
};

/** A leaf, for aggregators and for the leaves that follow it. */
export class RequestHandler implements LeafService {
  #partitions: PartitionSet;
  #links: LinkSet;
  #sender: LogSender;
  #clock: Clock;
  #version: string;
  #startedMs: number;
  #eventLoop: EventLoopMonitor;
  #handlers: Handlers;
  /** Short reads share it: each is passed on before the next one is made. */
  #packets = new RowPackets();
  readonly #restores = new Restores();

  constructor({ partitions, links, sender, clock, version }: RequestHandlerOptions) {
    this.#partitions = partitions;
    this.#links = links;
    this.#sender = sender;
    this.#clock = clock;
    this.#version = version;
    this.#startedMs = clock.monotonicMs();
    this.#eventLoop = new EventLoopMonitor(clock);
    this.#handlers = this.#makeHandlers();
  }

  async call<K extends keyof LeafCalls & string>(
    name: K,
    request: LeafCalls[K]['request'],
  ): Promise<LeafCalls[K]['reply']> {
    checkCall(name, request);
    try {
      if ('key' in request && this.#partitions.isRecovering(request.key)) {
        await this.#partitions.recovered(request.key);
      }
      return await this.#handlers[name](request);
    } catch (error) {
      throw toPeerError(error);
    }
  }

  stream<K extends keyof LeafStreams & string>(
    name: K,
    request: LeafStreams[K]['request'],
    signal?: AbortSignal,
  ): AsyncIterable<LeafStreams[K]['item']> {
    try {
      checkStream(name, request);
      if (this.#partitions.isRecovering(request.key))
        return this.#streamLater(name, request, signal);
      // A read passes on what the partition yields, untouched: the point query goes this way.
      if (name === 'read') {
        const read = request as LeafStreams['read']['request'];
        return this.#partitions.find(read.key).read(read, signal);
      }
      if (name === 'readPackets') {
        const read = request as LeafStreams['readPackets']['request'];
        return packetStream(this.#partitions.find(read.key), read, signal);
      }
      if (name === 'changesAfter') {
        const { key, lsn } = request as LeafStreams['changesAfter']['request'];
        return toldErrors(sendChanges(this.#partitions.find(key), lsn));
      }
      const subscribe = request as LeafStreams['subscribe']['request'];
      const partition = this.#partitions.find(subscribe.key);
      return toldErrors(this.#sender.subscribe(partition, subscribe, signal));
    } catch (error) {
      return failingStream(error);
    }
  }

  /** Once its partition is open. */
  async *#streamLater<K extends keyof LeafStreams & string>(
    name: K,
    request: LeafStreams[K]['request'],
    signal?: AbortSignal,
  ): AsyncGenerator<LeafStreams[K]['item'], void, undefined> {
    await this.#partitions.recovered(request.key);
    yield* this.stream(name, request, signal);
  }

  /** For an aggregator of this process, whose requests need no check. */
  readNow(request: LeafStreams['read']['request']): readonly Row[] | null {
    if (this.#partitions.isRecovering(request.key)) return null;
    try {
      const rows = this.#partitions.find(request.key).readNow(request);
      return rows === null || fitsNumbers(request.columns)
        ? rows
        : rows.map((row) => row.map(shrinkInteger));
    } catch (error) {
      throw toPeerError(error);
    }
  }

  readPacketsNow(request: LeafStreams['readPackets']['request']): PacketBatch | null {
    if (this.#partitions.isRecovering(request.key)) return null;
    try {
      const rows = this.#partitions.find(request.key).readNow(request);
      return rows === null ? null : this.#packets.encode(rows, request.columns, request.format);
    } catch (error) {
      throw toPeerError(error);
    }
  }

  /** As readPacketsNow; a long read comes later. */
  readPackets(
    request: LeafStreams['readPackets']['request'],
    signal?: AbortSignal,
  ): PacketAnswer | Promise<PacketAnswer> {
    if (this.#partitions.isRecovering(request.key)) return this.#readLater(request, signal);
    try {
      const partition = this.#partitions.find(request.key);
      return readPackets(partition, request, { encoder: this.#packets, signal });
    } catch (error) {
      throw toPeerError(error);
    }
  }

  /** Once its partition is open. */
  async #readLater(
    request: LeafStreams['readPackets']['request'],
    signal?: AbortSignal,
  ): Promise<PacketAnswer> {
    await this.#partitions.recovered(request.key);
    return await this.readPackets(request, signal);
  }

  async writeNear(request: LeafCalls['write']['request']): Promise<readonly WriteStepResult[]> {
    try {
      if (this.#partitions.isRecovering(request.key)) {
        await this.#partitions.recovered(request.key);
      }
      return await this.#partitions.find(request.key).write(request);
    } catch (error) {
      throw toPeerError(error);
    }
  }

  /** Stops measuring. */
  close(): void {
    this.#eventLoop.close();
  }

  #makeHandlers(): Handlers {
    const at = (request: { readonly key: Partition['key'] }): Partition =>
      this.#partitions.find(request.key);
    return {
      ping: async () => this.#status(),
      readTogether: async (request) => this.#readTogether(request),
      createPartition: async ({ key, ...identity }) => done(this.#partitions.create(key, identity)),
      setIncarnation: async (request) => done(at(request).setIncarnation(request.incarnation)),
      dropPartition: async ({ key, ...options }) => {
        if (await this.#partitions.drop(key, options)) await this.#restores.forget(key);
        return {};
      },
      partitionStatus: async ({ database }) => ({ partitions: this.#statuses(database) }),
      partitionSchema: async (request) => at(request).schema(),
      define: async (request) => done(at(request).define(request.change)),
      interruptDefinition: async (to) => done(at(to).interruptDefinition(to.version)),
      write: async (request) => ({ results: await at(request).write(request) }),
      undoLastWrite: async (request) => done(at(request).undoLastWrite(request.transactionId)),
      savepoint: async (request) => done(at(request).savepoint(request)),
      commit: async (request) => done(at(request).commit(request.transactionId)),
      rollback: async (request) => done(at(request).rollback(request.transactionId)),
      prepare: async (request) =>
        done(at(request).prepare(request.transactionId, request.participants)),
      decide: async (request) => done(at(request).decide(request.transactionId, request.verdict)),
      forgetVerdicts: async ({ key, ...verdicts }) => done(at({ key }).forgetVerdicts(verdicts)),
      verdict: async (request) => ({ verdict: await at(request).verdict(request.transactionId) }),
      startLink: async (request) => done(this.#links.startLink(at(request), request.source)),
      probeLink: async ({ source }) => done(this.#links.probeLink(source)),
      pauseLink: async (request) => done(this.#links.pauseLink(at(request))),
      sharedTransactions: async (request) => listSharedTransactions(at(request)),
      knownTransactions: async (request) => at(request).knownTransactions(request.transactionIds),
      rewind: async (request) => ({ done: await at(request).rewindTo(request.lsn) }),
      fence: async (request) => done(at(request).fence(request)),
      demote: async (request) => done(at(request).demote()),
      abandonHistory: async (request) => done(this.#links.abandonHistory(at(request))),
      sharedPosition: async (request) => this.#links.sharedPosition(at(request), request.source),
      comparePosition: async (request) => {
        const { reader } = at(request).log;
        await reader.prepare(request.position.lsn);
        return { containment: reader.contains(request.position) };
      },
      releaseBase: async (request) => done(at(request).releaseBase(request.version)),
      promote: async (request) => ({ position: await this.#links.promote(at(request), request) }),
      markWhole: async (request) => done(this.#links.markWhole(at(request))),
      checksum: async (request) => at(request).checksum(),
      compact: async (request) => {
        await at(request).maintain({ all: true });
        return { position: at(request).replay };
      },
      checkLink: async (request) => ({
        number: this.#links.checkLink(at(request), request.rows),
      }),
      linkReport: async (request) => ({ report: this.#links.linkReport(at(request)) }),
      askCheck: async (request) => {
        this.#sender.askCheck(at(request), request.followerId);
        return {};
      },
      checkContent: async (request) => this.#sender.checkContent(request),
      restore: async (request) => done(this.#restores.take(at(request), request.step)),
      forgetFollower: async (request) => {
        await this.#sender.forget(at(request), request.followerId);
        return {};
      },
      acknowledge: async (request) => {
        this.#sender.acknowledge(at(request), request.followerId, request.lsn);
        return { tail: request.newest ? await this.#newest(at(request)) : null };
      },
      primaryTail: async (request) => ({ tail: await this.#links.primaryTail(at(request)) }),
    };
  }

  /** A secondary may be behind others of its database: only the first primary knows all. */
  async #newest(partition: Partition): Promise<LSN | null> {
    if (partition.role === 'primary') return partition.log.sendable.lsn;
    return this.#links.primaryTail(partition);
  }

  #readTogether(request: LeafCalls['readTogether']['request']) {
    const { database, ordinals } = request;
    const waits = ordinals.some((ordinal) => this.#partitions.isRecovering({ database, ordinal }));
    // Then each is read by itself, and waits for its partition.
    if (waits) return { parts: null };
    return readTogether((key) => this.#partitions.find(key), request, this.#packets);
  }

  #statuses(database: string | null): PartitionStatus[] {
    const open = this.#partitions.list(database).map((each) => this.#partitionStatus(each));
    const copy = { maybeTorn: false, abandoned: false };
    const unknown = { ...copy, lastRepair: '', link: null, followers: [] };
    const recovering = this.#partitions.recovering(database).map((own) => ({ ...own, ...unknown }));
    return [...open, ...recovering];
  }

  #partitionStatus(partition: Partition): PartitionStatus {
    const lastRepair = this.#partitions.lastRepair(partition.key);
    const own = { ...partition.status(), lastRepair, maybeTorn: false, abandoned: false };
    if (partition.failure !== null) return { ...own, link: null, followers: [] };
    const link = this.#links.status(partition);
    // Nothing that its files tell can be asked now.
    if (own.state === 'recovering') return { ...own, link, followers: [] };
    const paused = own.state === 'replicating' && link?.state === 'paused';
    const state = paused ? 'replication paused' : own.state;
    const copy = this.#links.copyStatus(partition);
    return { ...own, ...copy, state, link, followers: this.#sender.status(partition) };
  }

  #status(): LeafStatus {
    return {
      version: this.#version,
      uptimeMs: Math.trunc(this.#clock.monotonicMs() - this.#startedMs),
      eventLoopDelayMs: this.#eventLoop.delay,
      rssBytes: process.memoryUsage.rss(),
    };
  }
}

async function done(work: Promise<void>): Promise<Record<never, never>> {
  await work;
  return {};
}

/** The items, and what a peer is told where they end in an error. */
function toldErrors<T>(items: AsyncGenerator<T>): AsyncIterable<T> {
  // No generator: each item would wait a few turns in it.
  const iterator: AsyncIterator<T> = {
    next: () => toldError(items.next()),
    return: () => toldError(items.return(undefined)),
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

async function toldError<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw toPeerError(error);
  }
}

/** A stream that never began. */
async function* failingStream(error: unknown): AsyncGenerator<never, void, undefined> {
  throw toPeerError(error);
}

/** What a peer is told: a DatabaseError, whatever it was. A failed assertion ends the process. */
function toPeerError(error: unknown): unknown {
  return error instanceof AssertionError ? error : toDatabaseError(error);
}
