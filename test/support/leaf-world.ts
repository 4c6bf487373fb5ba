// Leaves in one process, joined by a network that a test can cut: real handlers, partitions, links.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ContentReader } from '#leaf/partition/content-reader.ts';
import { PartitionSet } from '#leaf/partition-set.ts';
import type { PartitionEnvironment } from '#leaf/partition/partition-options.ts';
import { LinkSet } from '#leaf/replication/link-set.ts';
import { LogSender } from '#leaf/replication/log-sender.ts';
import { RequestHandler } from '#leaf/request-handler.ts';
import { realClock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { createLogger } from '#shared/logger.ts';
import type {
  LeafService,
  LinkStatus,
  PartitionStatus,
  SubscribeItem,
} from '#shared/wire/message.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { accountTable, createAccount, insertOf, testEnvironment } from './test-partition.ts';

/** Where a leaf of a test is, and how often it checks its links by itself: 0, never. */
interface TestPlace {
  readonly port: number;
  readonly directory: string;
  readonly checkIntervalMs?: number;
}

export const key = { database: 'shop', ordinal: 0 } as const;

/** Sees every item of a subscription on its way; may change it, or cut the connection. */
export type Wire = (item: SubscribeItem) => SubscribeItem | 'cut';

/** The leaves by port, and what lies between them. */
export class Network {
  readonly #leaves = new Map<number, TestLeaf>();
  #connections = new Set<AbortController>();
  wire: Wire = (item) => item;
  /** True: nobody reaches anybody. */
  isDown = false;
  /** How often a leaf has reached another. */
  dials = 0;

  /** How many connections are neither cut nor closed. */
  get open(): number {
    return [...this.#connections].filter(({ signal }) => !signal.aborted).length;
  }

  add(leaf: TestLeaf): void {
    this.#leaves.set(leaf.port, leaf);
  }

  remove(leaf: TestLeaf): void {
    this.#leaves.delete(leaf.port);
  }

  /** Breaks every connection there is. */
  cut(): void {
    for (const connection of this.#connections) connection.abort();
  }

  async dial(port: number): Promise<LeafService & { close(): void }> {
    const leaf = this.#leaves.get(port);
    if (leaf === undefined || this.isDown) {
      throw databaseError('leafUnreachable', { leaf: `test:${port}`, reason: 'down' });
    }
    const connection = new AbortController();
    this.#connections.add(connection);
    this.dials += 1;
    const network = this;
    const { handler } = leaf;
    const check = () => {
      if (!connection.signal.aborted) return;
      throw databaseError('leafUnreachable', { leaf: `test:${port}`, reason: 'cut' });
    };
    async function* stream(name: never, request: never, signal?: AbortSignal) {
      check();
      const ended = AbortSignal.any([connection.signal, ...(signal === undefined ? [] : [signal])]);
      for await (const item of handler.stream(name, request, ended)) {
        const passed = network.wire(item as SubscribeItem);
        if (passed === 'cut') connection.abort();
        check();
        yield passed;
      }
      check();
    }
    return {
      call: (async (name: never, request: never) => {
        check();
        return handler.call(name, request);
      }) as LeafService['call'],
      stream: stream as LeafService['stream'],
      close: () => connection.abort(),
    };
  }
}

/** One leaf with its partitions on disk: `stop` and `start` are a restart. */
export class TestLeaf {
  readonly port: number;
  readonly #directory: string;
  readonly #network: Network;
  readonly #changes: Partial<PartitionEnvironment>;
  readonly #checkIntervalMs: number;
  /** What it has logged as a warning. */
  readonly warnings: string[] = [];
  #open: {
    handler: RequestHandler;
    partitions: PartitionSet;
    links: LinkSet;
    content: ContentReader;
  } | null = null;

  private constructor(network: Network, place: TestPlace, changes: Partial<PartitionEnvironment>) {
    this.#network = network;
    this.port = place.port;
    this.#directory = join(place.directory, `leaf-${place.port}`);
    this.#changes = changes;
    this.#checkIntervalMs = place.checkIntervalMs ?? 0;
  }

  static async start(
    network: Network,
    place: TestPlace,
    changes: Partial<PartitionEnvironment> = {},
  ): Promise<TestLeaf> {
    const leaf = new TestLeaf(network, place, changes);
    await leaf.start();
    return leaf;
  }

  get handler(): RequestHandler {
    if (this.#open === null) throw new Error('the leaf is stopped');
    return this.#open.handler;
  }

  get partition() {
    if (this.#open === null) throw new Error('the leaf is stopped');
    return this.#open.partitions.find(key);
  }

  async start(): Promise<void> {
    const clock = realClock;
    const logger = createLogger('warn', {}, (line) => this.warnings.push(line));
    const content = new ContentReader();
    const sender = new LogSender({ clock, logger, content });
    const waitForFollowers = sender.waitForFollowers.bind(sender);
    const followed = sender.followed.bind(sender);
    const environment = testEnvironment({ waitForFollowers, followed, ...this.#changes });
    const links = new LinkSet({
      dial: (address) => this.#network.dial(address.port),
      clusterId: () => `cluster${this.port}`,
      address: () => `test:${this.port}`,
      clock,
      logger,
      checks: { content, intervalMs: this.#checkIntervalMs },
    });
    const partitions = new PartitionSet(this.#directory, environment, {
      opened: (partition) => links.resume(partition),
      closing: async (partition) => {
        await links.stop(partition);
        sender.endAll(partition.key);
      },
    });
    await partitions.open();
    const handler = new RequestHandler({ partitions, links, sender, clock, version: '1' });
    this.#open = { handler, partitions, links, content };
    this.#network.add(this);
  }

  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    this.#network.remove(this);
    await open?.links.close();
    await open?.partitions.close();
    await open?.content.close();
    open?.handler.close();
  }

  async create(role: 'primary' | 'secondary' | 'replica'): Promise<void> {
    const origin = `cluster${this.port}`;
    await this.handler.call('createPartition', { key, role, durability: 'sync', origin });
    if (role !== 'primary') return;
    const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
    await this.handler.call('define', { key, change });
  }

  async insert(...ids: readonly number[]): Promise<void> {
    for (const id of ids) await this.handler.call('write', { key, ...insertOf(id, id) });
  }

  /** A ticket that nobody checks here stands for another cluster, null for our own. */
  async follow(primary: TestLeaf, isSameCluster = false): Promise<void> {
    const ticket = isSameCluster ? null : { claims: new Uint8Array(1), key: new Uint8Array(1) };
    const source = { address: { host: 'test', port: primary.port }, key, ticket };
    await this.handler.call('startLink', { key, source });
  }

  async status(): Promise<PartitionStatus> {
    const { partitions } = await this.handler.call('partitionStatus', { database: 'shop' });
    const [status] = partitions;
    if (status === undefined) throw new Error('no such partition');
    return status;
  }

  async link(): Promise<LinkStatus> {
    const { link } = await this.status();
    if (link === null) throw new Error('no link');
    return link;
  }

  async rows(): Promise<unknown[]> {
    const rows: unknown[] = [];
    const statement = { sql: 'SELECT id FROM account ORDER BY id', parameters: [] };
    const read = { key, catalogVersion: 1, transaction: null, statement, columns: [] };
    const locks = { forUpdate: false, lockWaitTimeoutMs: 1000 };
    for await (const batch of this.handler.stream('read', { ...read, ...locks })) {
      rows.push(...rowsOfBatch(batch).map((row) => row[0]));
    }
    return rows;
  }
}

/** A primary with its table, and a secondary that follows nobody yet; they end with the test. */
export async function leafPair(
  t: ExecutionContext<unknown>,
  changes: {
    readonly primary?: Partial<PartitionEnvironment>;
    readonly secondary?: Partial<PartitionEnvironment>;
    readonly checkIntervalMs?: number;
  } = {},
) {
  const directory = temporaryDirectory(t);
  const network = new Network();
  const { checkIntervalMs = 0 } = changes;
  const at = { port: 2, directory, checkIntervalMs };
  const primary = await TestLeaf.start(network, { port: 1, directory }, changes.primary);
  const secondary = await TestLeaf.start(network, at, changes.secondary);
  t.teardown(() => Promise.all([primary.stop(), secondary.stop()]));
  await primary.create('primary');
  await secondary.create('secondary');
  return { directory, network, primary, secondary };
}
