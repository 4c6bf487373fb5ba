// The demo's course: start, load, replicate, watch, compare, and stop whatever was started.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { realClock } from '#shared/clock.ts';
import { lockDataDirectory, type DirectoryLock } from '#shared/directory-lock.ts';
import { compareSides } from './compare-sides.ts';
import { DemoCluster, demoPassword } from './demo-cluster.ts';
import { readReplicationProgress } from './replication-progress.ts';
import { formatBytes, progressBar, Screen } from './screen.ts';
import { ShopRows } from './shop-rows.ts';
import { shopSchema } from './shop-schema.ts';
import { loadShop, shopSize, ShopWriter } from './shop-writer.ts';

const primaryPort = 13306;
const secondaryPort = 14306;
const partitions = 6;
const seed = 20_26;

/** How often progress and lag are looked at, in milliseconds. */
const watchIntervalMs = 200;
/** How long the writer goes on before the sides are compared, in milliseconds. */
const writingMs = 20_000;
const writingOnceMs = 5000;
/** The secondary has this long to reach the primary once nothing is written, in milliseconds. */
const catchUpMsMax = 60_000;

class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export class Demo {
  readonly #once: boolean;
  readonly #directory: string;
  readonly #screen = new Screen(realClock, process.stdout.isTTY === true);
  readonly #stopped = new AbortController();
  readonly #clusters: DemoCluster[] = [];
  #lock: DirectoryLock | null = null;
  #writer: ShopWriter | null = null;

  /** `once`: a short writer phase, a comparison, and the end. What was in `directory` goes. */
  constructor({ once, directory }: { readonly once: boolean; readonly directory: string }) {
    this.#once = once;
    this.#directory = directory;
  }

  /** Runs it and answers the exit status. No process that it has started outlives this. */
  async run(): Promise<number> {
    const onSignal = () => this.#stopped.abort(new StoppedError('stopped'));
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
    try {
      return (await this.#course()) ? 0 : 1;
    } catch (error) {
      if (this.#stopped.signal.aborted) return 0;
      this.#screen.say(`The demo failed: ${error instanceof Error ? error.message : error}`);
      this.#screen.say(`The nodes' logs are in ${this.#directory}.`);
      return 1;
    } finally {
      await this.#stop();
    }
  }

  async #course(): Promise<boolean> {
    const [primary, secondary] = await this.#startClusters();
    const shop = new ShopRows(seed);
    const source = await this.#load(primary, shop);
    const follower = await this.#replicate(primary, secondary);
    await this.#copy(follower);
    const writing = await primary.connect('shop');
    await this.#write(follower, writing, shop, this.#once ? writingOnceMs : writingMs);
    await this.#catchUp(follower);
    const equal = await this.#compare(source, await secondary.connect('shop'));
    if (this.#once || !equal) return equal;
    this.#tellHowToConnect(primary, secondary);
    await this.#write(follower, writing, shop, Infinity);
    return true;
  }

  async #startClusters(): Promise<readonly [DemoCluster, DemoCluster]> {
    this.#lock = lockDataDirectory(this.#directory);
    for (const name of ['primary', 'secondary']) {
      rmSync(join(this.#directory, name), { recursive: true, force: true });
      mkdirSync(join(this.#directory, name), { recursive: true });
    }
    this.#screen.say('Starting two clusters, each node a process of its own …');
    const primary = await this.#start('primary', 3, primaryPort);
    const secondary = await this.#start('secondary', 2, secondaryPort);
    return [primary, secondary];
  }

  async #start(name: string, leaves: number, preferredPort: number): Promise<DemoCluster> {
    this.#checkStopped();
    const options = { name, directory: join(this.#directory, name), leaves, preferredPort };
    const cluster = await DemoCluster.start(options);
    this.#clusters.push(cluster);
    this.#screen.say(`  ${name}: 1 aggregator on port ${cluster.port}, ${leaves} leaves`);
    return cluster;
  }

  async #load(primary: DemoCluster, shop: ShopRows): Promise<Connection> {
    this.#screen.say(`Making the database shop at the primary, in ${partitions} partitions …`);
    const connection = await primary.connect();
    await connection.query(`CREATE DATABASE shop PARTITIONS ${partitions}`);
    await connection.query('USE shop');
    for (const sql of shopSchema) await connection.query(sql);
    const about = shopSize.products + shopSize.customers + shopSize.orders * 4;
    let rows = 0;
    const startedMs = realClock.monotonicMs();
    await loadShop(connection, shop, (more) => {
      this.#checkStopped();
      rows += more;
      this.#screen.update('load', `${progressBar(rows, about)}  ${rows} rows written`);
    });
    const seconds = (realClock.monotonicMs() - startedMs) / 1000;
    this.#screen.say(`  ${rows} rows in ${seconds.toFixed(1)} s`);
    return connection;
  }

  async #replicate(primary: DemoCluster, secondary: DemoCluster): Promise<Connection> {
    const connection = await secondary.connect();
    const from = `root:'${demoPassword}'@127.0.0.1:${primary.port}`;
    this.#screen.say('At the secondary, one statement:');
    this.#screen.say(`  REPLICATE DATABASE shop FROM ${from};`);
    await connection.query(`REPLICATE DATABASE shop FROM ${from}`);
    return connection;
  }

  async #copy(follower: Connection): Promise<void> {
    for (;;) {
      this.#checkStopped();
      const progress = await readReplicationProgress(follower);
      const { snapshotBytesDone: done, snapshotBytesTotal: total, links, streaming } = progress;
      const bar = progressBar(
        streaming === links && links > 0 ? 1 : done,
        streaming === links ? 1 : total,
      );
      const copied = `${formatBytes(done)} of ${formatBytes(total)}`;
      this.#screen.update(
        'copy',
        `${bar}  copied ${copied}, ${streaming} of ${links} links follow`,
      );
      if (links > 0 && streaming === links) break;
      await realClock.sleep(watchIntervalMs, this.#stopped.signal);
    }
    this.#screen.settle();
    this.#screen.say('The initial copy is done; from here on the log is followed.');
  }

  /** Writes at the primary for a while, and shows the lag of the secondary. */
  async #write(
    follower: Connection,
    writing: Connection,
    shop: ShopRows,
    forMs: number,
  ): Promise<void> {
    this.#screen.say('A writer goes on at the primary:');
    this.#writer = new ShopWriter(writing, shop, realClock);
    const untilMs = realClock.monotonicMs() + forMs;
    while (realClock.monotonicMs() < untilMs) {
      this.#checkStopped();
      this.#writer.check();
      const { lagRecords, lagBytes, lagMs, error } = await readReplicationProgress(follower);
      const lag = `lag ${lagMs} ms, ${lagRecords ?? '?'} records, ${formatBytes(lagBytes)}`;
      const trouble = error === '' ? '' : `  (${error})`;
      const written = `${this.#writer.transactions} transactions`;
      this.#screen.update('lag', `${written}   ${lag}${trouble}`);
      await realClock.sleep(watchIntervalMs, this.#stopped.signal);
    }
    await this.#writer.stop();
    this.#writer = null;
    this.#screen.settle();
  }

  async #catchUp(follower: Connection): Promise<void> {
    const untilMs = realClock.monotonicMs() + catchUpMsMax;
    // Twice in a row: the second answer has heard of what the first could not know yet.
    for (let times = 0; times < 2;) {
      this.#checkStopped();
      const { lagRecords, links, streaming } = await readReplicationProgress(follower);
      times = lagRecords === 0 && streaming === links ? times + 1 : 0;
      if (realClock.monotonicMs() > untilMs) return;
      await realClock.sleep(1200, this.#stopped.signal);
    }
  }

  async #compare(primary: Connection, secondary: Connection): Promise<boolean> {
    this.#screen.say('Comparing both sides, row by row:');
    const tables = await compareSides(primary, secondary);
    for (const { table, rows, digests, equal } of tables) {
      const counts = equal ? `${rows[0]} rows` : `${rows[0]} rows, and ${rows[1]}`;
      const digest = equal ? digests[0] : `${digests[0]}, and ${digests[1]}`;
      this.#screen.say(
        `  ${equal ? 'equal  ' : 'DIFFERS'}  ${table.padEnd(12)} ${counts}  ${digest}`,
      );
    }
    const equal = tables.every((table) => table.equal);
    this.#screen.say(equal ? 'Both sides are equal.' : 'The sides differ.');
    return equal;
  }

  #tellHowToConnect(primary: DemoCluster, secondary: DemoCluster): void {
    this.#screen.say();
    this.#screen.say('Look around with any MySQL client:');
    this.#screen.say(`  primary    ${primary.clientCommand}`);
    this.#screen.say(`  secondary  ${secondary.clientCommand}`);
    this.#screen.say('Stop everything with Ctrl-C.');
    this.#screen.say();
  }

  #checkStopped(): void {
    this.#stopped.signal.throwIfAborted();
  }

  async #stop(): Promise<void> {
    this.#screen.settle();
    if (this.#clusters.length > 0) this.#screen.say('Stopping …');
    try {
      await this.#writer?.stop();
    } catch {
      // The clusters are about to go: what the writer met has no meaning any more.
    }
    await Promise.all(this.#clusters.map((cluster) => cluster.stop()));
    this.#lock?.release();
  }
}
