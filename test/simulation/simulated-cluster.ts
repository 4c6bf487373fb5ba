// A cluster of a world: leaves, and an aggregator made of the product's own catalog, transactions
// and replication. What stands between an SQL statement and its tasks is left out.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AggregatorContext, LeafDirectory } from '#aggregator/aggregator-context.ts';
import { DatabasePartitions } from '#aggregator/cluster/database-partitions.ts';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import { LocalUserLocks } from '#aggregator/cluster/user-locks.ts';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { StoredSequences } from '#aggregator/metadata/sequences.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { Turns } from '#shared/turns.ts';
import { startRecovery, type RunningRecovery } from '#aggregator/recovery.ts';
import { ReplicationController } from '#aggregator/replication/replication-controller.ts';
import { rescueColumns } from '#aggregator/replication/rescue-row.ts';
import { noCoordinatorFailpoint } from '#aggregator/transaction/failpoint.ts';
import { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { WIRE_VERSION, type LeafService } from '#shared/wire/message.ts';
import type { ReplicationSource } from '#aggregator/replication/replication-source.ts';
import { accountTable, createAccount } from '#test/support/test-partition.ts';
import { NodeClock, type SimulatedClock } from './simulated-clock.ts';
import { disk, SimulatedCrash } from './simulated-disk.ts';
import { SimulatedLeaf } from './simulated-leaf.ts';
import type { NetworkNode, SimulatedConnection, SimulatedNetwork } from './simulated-network.ts';

export const databaseName = 'shop';

export interface ClusterOptions {
  /** One letter: its nodes' names begin with it. */
  readonly id: string;
  readonly leafCount: number;
  readonly directory: string;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly logger: Logger;
  readonly onCrash: (leaf: SimulatedLeaf) => void;
  readonly beforeLoss: () => void;
}

/** What an aggregator has while it lives. */
interface Aggregator {
  readonly node: NetworkNode;
  readonly context: AggregatorContext;
  readonly catalog: Catalog;
  readonly partitions: DatabasePartitions;
  readonly transactions: TransactionCoordinator;
  readonly replication: ReplicationController;
  readonly recovery: RunningRecovery;
  readonly store: SqliteMetadataStore;
}

/** A row that a promotion or a failback has kept in the database of rescued changes. */
export type RescuedRow = readonly SourceValue[];

export class SimulatedCluster {
  readonly id: string;
  readonly leaves: readonly SimulatedLeaf[];
  readonly #options: ClusterOptions;
  #aggregator: Aggregator | null = null;
  /** What was put into <db>_rescued, as it was given. */
  readonly rescued: RescuedRow[] = [];

  constructor(options: ClusterOptions) {
    this.id = options.id;
    this.#options = options;
    const { directory, clock, network, logger, onCrash, beforeLoss, leafCount } = options;
    this.leaves = Array.from({ length: leafCount }, (_, index) => {
      const name = `${options.id}${index + 2}`;
      const parts = { directory, clock, network, logger: logger.with({ node: name }) };
      return new SimulatedLeaf({
        name,
        clusterId: `cluster-${options.id}`,
        ...parts,
        onCrash,
        beforeLoss,
      });
    });
  }

  get aggregatorName(): string {
    return `${this.id}1`;
  }

  get isAlive(): boolean {
    return this.#aggregator !== null;
  }

  /** Throws while the aggregator is down. */
  get aggregator(): Aggregator {
    if (this.#aggregator === null) {
      throw databaseError('leafUnreachable', { leaf: this.aggregatorName, reason: 'it is down' });
    }
    return this.#aggregator;
  }

  get database(): DatabaseDefinition | null {
    return this.#aggregator?.catalog.find(databaseName) ?? null;
  }

  async startAggregator(): Promise<void> {
    const { directory, clock: world, network, logger: base } = this.#options;
    const home = join(directory, this.aggregatorName);
    mkdirSync(home, { recursive: true });
    disk.revive(home);
    const node: NetworkNode & { alive: boolean } = {
      name: this.aggregatorName,
      alive: true,
      get isAlive() {
        return this.alive;
      },
      serve: () => null,
    };
    network.add(node);
    const clock = new NodeClock(world, () => node.isAlive);
    const logger = base.with({ node: this.aggregatorName });
    const store = SqliteMetadataStore.open(join(home, 'metadata.sqlite'));
    const leaves = this.#directoryOf(node);
    const catalog = await Catalog.open(store, clock);
    const sequences = new StoredSequences(store);
    const clusterId = `cluster-${this.id}`;
    const userLocks = new LocalUserLocks(clock);
    const context = { clusterId, nodeId: 1, catalog, sequences, leaves, userLocks, clock, logger };
    const transactions = new TransactionCoordinator(context, noCoordinatorFailpoint);
    const partitions = new DatabasePartitions({ clusterId, leaves, store, clock, logger });
    const turns = new Turns();
    const replication = new ReplicationController({
      ...{ clusterId, store, catalog, sequences, partitions, leaves, clock, logger },
      clusterSecret: new Uint8Array(32).fill(7),
      version: '1.0.0',
      inTurn: (database, work) => turns.inTurn(database, work),
      runStatement: async (_text, parameters) => this.#keepRescued(parameters),
      returning: new Set(),
      failpoint: () => undefined,
    });
    const recovery = startRecovery(transactions.recovery, { clock, logger });
    this.#aggregator = {
      ...{ node, context, catalog, partitions, transactions, replication, recovery, store },
    };
    await replication.start();
  }

  /** Ends at once; leaves see its connections go. */
  crashAggregator(): void {
    const aggregator = this.#aggregator;
    if (aggregator === null) return;
    this.#aggregator = null;
    (aggregator.node as { alive: boolean } & NetworkNode).alive = false;
    disk.crash(join(this.#options.directory, this.aggregatorName), false);
    this.#options.network.cut(this.aggregatorName);
  }

  /** The database with its table, on all leaves. */
  async createDatabase(partitionCount: number): Promise<void> {
    const { catalog, partitions, context } = this.aggregator;
    const leafIds = context.leaves.nodes().map(({ id }) => id);
    const placements = placePartitions({ database: databaseName, partitionCount, leafIds });
    const database: DatabaseDefinition = {
      name: databaseName,
      role: 'primary',
      state: 'online',
      durability: 'sync',
      collation: 'utf8mb4_general_ci',
      partitionCount,
      placements,
      catalogVersion: 1,
      tables: { account: accountTable },
      nextTableId: 2,
      primaryUri: '',
    };
    await partitions.create(database);
    const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
    for (const { ordinal, leafId } of placements) {
      const key = { database: databaseName, ordinal };
      await context.leaves.leaf(leafId).call('define', { key, change });
    }
    await catalog.put(database);
  }

  /** What another cluster is told when it asks; throws where the database is not here. */
  source(): ReplicationSource {
    const database = this.aggregator.catalog.database(databaseName);
    if (database.state === 'provisioning' || database.state === 'pending') {
      throw databaseError('databaseProvisioning', { name: databaseName });
    }
    const { partitionCount, placements, durability, collation, role } = database;
    return {
      clusterId: `cluster-${this.id}`,
      version: '1.0.0',
      wireVersion: WIRE_VERSION,
      ...{ durability, collation, role, partitionCount },
      partitions: placements.map(({ ordinal, leafId }) => ({
        ordinal,
        address: { host: this.leafName(leafId), port: 1 },
      })),
      ticket: { claims: new Uint8Array(1), key: new Uint8Array(1) },
    };
  }

  leafName(leafId: number): string {
    return `${this.id}${leafId}`;
  }

  /** The leaf that holds the master copy of the partition. */
  leafOf(ordinal: number): SimulatedLeaf | null {
    const placement = this.database?.placements.find((each) => each.ordinal === ordinal);
    const name = placement === undefined ? '' : this.leafName(placement.leafId);
    return this.leaves.find((leaf) => leaf.name === name) ?? null;
  }

  #keepRescued(parameters: readonly SourceValue[]): void {
    for (let at = 0; at < parameters.length; at += rescueColumns.length) {
      this.rescued.push(parameters.slice(at, at + rescueColumns.length));
    }
  }

  #directoryOf(node: NetworkNode): LeafDirectory {
    const services = new Map(
      this.leaves.map((leaf, index) => [index + 2, this.#serviceOf(node, leaf.name)]),
    );
    return {
      nodes: () =>
        this.leaves.map(({ name }, index) => ({
          id: index + 2,
          kind: 'leaf',
          address: { host: name, port: 1 },
        })),
      leaf: (id) => must(services.get(id)),
      isOnline: (id) =>
        this.leaves.find(({ name }) => name === this.leafName(id))?.isAlive === true,
      isLeaving: () => false,
    };
  }

  /** One connection, dialled again when it is lost. */
  #serviceOf(node: NetworkNode, name: string): LeafService {
    let connection: Promise<SimulatedConnection> | null = null;
    let open: SimulatedConnection | null = null;
    const connect = async (): Promise<SimulatedConnection> => {
      if (open?.isOpen === true) return open;
      connection ??= this.#options.network.dial(node, name);
      try {
        open = await connection;
        return open;
      } finally {
        connection = null;
      }
    };
    return {
      call: (async (method: never, request: never, signal?: AbortSignal) =>
        (await connect()).call(method, request, signal)) as LeafService['call'],
      stream: async function* (method: never, request: never, signal?: AbortSignal) {
        yield* (await connect()).stream(method, request, signal);
      } as LeafService['stream'],
    };
  }
}

/** True for what only says that a node has died under its caller. */
export function isCrash(error: unknown): boolean {
  return error instanceof SimulatedCrash;
}
