// A leaf of a world: the product's own partitions, links and sender, on a simulated disk, clock
// and network. It crashes and starts again.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SyncJournal } from '#leaf/log/sync-journal.ts';
import { verifyClosedSegment } from '#leaf/log/verify-segment.ts';
import { checkFile } from '#leaf/partition/check-file.ts';
import { checkpointFile, startWal } from '#leaf/partition/checkpoint-file.ts';
import type { FailpointName } from '#leaf/partition/failpoint.ts';
import { Gathering } from '#leaf/partition/gathering.ts';
import { LockWaits } from '#shared/lock-waits.ts';
import type { PartitionEnvironment } from '#leaf/partition/partition-options.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { PartitionSet } from '#leaf/partition-set.ts';
import { LinkSet } from '#leaf/replication/link-set.ts';
import { Pace } from '#leaf/replication/pace.ts';
import { LogSender } from '#leaf/replication/log-sender.ts';
import { RequestHandler } from '#leaf/request-handler.ts';
import { serveLeaf } from '#leaf/serve-leaf.ts';
import { HybridClock } from '#shared/log/hybrid-clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { ServedService } from '#shared/wire/served.ts';
import { NodeClock, type SimulatedClock } from './simulated-clock.ts';
import { disk, SimulatedCrash } from './simulated-disk.ts';
import type { NetworkNode, SimulatedNetwork } from './simulated-network.ts';

/** Small, so that logs roll over and are trimmed within a short life. */
const segmentBytesMax = 2048;
const journalBytesMax = 16 * 1024;
const retention = {
  keptBytesMin: 6 * 1024,
  logSizeBytesMax: 256 * 1024,
  ageMsMax: 24 * 60 * 60 * 1000,
};

interface Running {
  /** Over with its crash: its clock stands still then. */
  readonly life: { isOver: boolean };
  readonly partitions: PartitionSet;
  readonly links: LinkSet;
  readonly handler: RequestHandler;
}

export interface SimulatedLeafOptions {
  readonly name: string;
  readonly clusterId: string;
  readonly directory: string;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly logger: Logger;
  /** Told when a failpoint has ended it. */
  readonly onCrash: (leaf: SimulatedLeaf) => void;
  /** Told before a log is trimmed, and before the leaf is gone. */
  readonly beforeLoss: () => void;
}

export class SimulatedLeaf implements NetworkNode {
  readonly name: string;
  readonly #options: SimulatedLeafOptions;
  readonly #directory: string;
  #running: Running | null = null;
  /** The place where it is to die, and how often it is passed before. */
  #fatal: { readonly place: FailpointName; left: number } | null = null;

  constructor(options: SimulatedLeafOptions) {
    this.name = options.name;
    this.#options = options;
    this.#directory = join(options.directory, options.name);
    options.network.add(this);
  }

  get isAlive(): boolean {
    return this.#running !== null;
  }

  get directory(): string {
    return this.#directory;
  }

  /** Those that are open, or could not be opened; none while it is down. */
  get partitions(): readonly Partition[] {
    const all = this.#running?.partitions.list(null) ?? [];
    return all.filter(({ isOpen, failure }) => isOpen || failure !== null);
  }

  serve(): ServedService | null {
    if (this.#running === null) return null;
    return serveLeaf(this.#running.handler)({ kind: 'node' });
  }

  /** Opens what is on its disk. Throws where that is refused. */
  async start(): Promise<void> {
    disk.revive(this.#directory);
    const { clock: world, logger, clusterId, network, name } = this.#options;
    const life = { isOver: false };
    const clock = new NodeClock(world, () => !life.isOver);
    const sender = new LogSender({ clock, logger });
    const pace = new Pace(clock);
    const links = new LinkSet({
      dial: async (address) => network.dial(this, address.host),
      clusterId: () => clusterId,
      address: () => `${name}:1`,
      clock,
      logger,
      pace,
    });
    const root = join(this.#directory, 'partitions');
    mkdirSync(this.#directory, { recursive: true });
    const journal = SyncJournal.open({
      directory: join(this.#directory, 'journal'),
      root,
      fileBytesMax: journalBytesMax,
    });
    const gathering = new Gathering(clock, journal);
    const environment = {
      ...this.#environment(clock, sender),
      journal,
      gathering,
      lockWaits: new LockWaits(),
      noteRead: pace.noteRead,
    };
    const partitions = new PartitionSet(root, environment, {
      opened: (partition) => links.resume(partition),
      closing: async (partition) => {
        await links.stop(partition);
        sender.endAll(partition.key);
      },
    });
    const handler = new RequestHandler({ partitions, links, sender, clock, version: '1' });
    this.#running = { life, partitions, links, handler };
    await partitions.open();
  }

  /** Ends at once, as by `kill -9`, or with the power of its machine. */
  crash(powerCut: boolean): void {
    if (this.#running === null) return;
    // What is on its disk another copy may have, and show, while it is down.
    this.#options.beforeLoss();
    this.#running.handler.close();
    this.#running.life.isOver = true;
    this.#running = null;
    this.#fatal = null;
    disk.crash(this.#directory, powerCut);
    this.#options.network.cut(this.name);
  }

  /** It dies when it comes to the place for the `times`-th time from now on. */
  dieAt(place: FailpointName, times: number): void {
    this.#fatal = { place, left: times };
  }

  #environment(clock: NodeClock, sender: LogSender): PartitionEnvironment {
    return {
      clock,
      hybridClock: new HybridClock(clock),
      logger: this.#options.logger,
      failpoint: (place) => this.#pass(place),
      retention,
      segmentBytesMax,
      idleTransactionMsMax: 60_000,
      verifier: {
        file: async (path) => checkFile(path, 'quick'),
        segment: async (path, next) => verifyClosedSegment(path, next),
      },
      checkpoint: async (path) => {
        await disk.delay(path, 20);
        return checkpointFile(path);
      },
      startWal: async (path) => {
        await disk.delay(path, 20);
        startWal(path);
      },
      workers: null,
      waitForFollowers: (key, lsn) => sender.waitForFollowers(key, lsn),
      followed: (key) => sender.followed(key),
    };
  }

  #pass(place: string): void {
    if (place === 'before-trim') this.#options.beforeLoss();
    if (this.#fatal?.place !== place) return;
    this.#fatal.left -= 1;
    if (this.#fatal.left > 0) return;
    this.crash(false);
    this.#options.onCrash(this);
    throw new SimulatedCrash(place);
  }
}
