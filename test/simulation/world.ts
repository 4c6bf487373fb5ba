// A world: two clusters from one seed, with all that may happen to them, and who watches.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseError } from '#shared/error.ts';
import { createLogger, type Logger } from '#shared/logger.ts';
import { Archive } from './checkers/archive.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { disk } from './simulated-disk.ts';
import type { SimulatedLeaf } from './simulated-leaf.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { primaries } from './simulated-primary-client.ts';

export interface WorldOptions {
  readonly seed: number;
  /** Prints what happens. */
  readonly say: (line: string) => void;
  readonly logLevel: 'error' | 'debug';
}

/** Directories in memory, where there are such. */
const home = process.platform === 'linux' ? '/dev/shm' : tmpdir();

export class World {
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly primary: SimulatedCluster;
  readonly secondary: SimulatedCluster;
  readonly archive: Archive;
  readonly #directory: string;
  readonly #say: (line: string) => void;

  constructor({ seed, say, logLevel }: WorldOptions) {
    this.seed = seed;
    this.#say = say;
    this.clock = new SimulatedClock(seed);
    this.network = new SimulatedNetwork(this.clock);
    this.#directory = mkdtempSync(join(home, 'twinleaf-world-'));
    disk.use(this.clock);
    const logger = this.#logger(logLevel);
    const onCrash = (leaf: SimulatedLeaf) => this.#restartLater(leaf);
    const beforeLoss = () => this.archive.read();
    const parts = { clock: this.clock, network: this.network, logger, onCrash, beforeLoss };
    const { chance } = this.clock;
    const make = (id: string) =>
      new SimulatedCluster({
        id,
        leafCount: 1 + chance.below(3),
        directory: this.#directory,
        ...parts,
      });
    this.primary = make('p');
    this.secondary = make('s');
    this.archive = new Archive(this);
    primaries.ask = async ({ login }) => {
      await this.network.travel();
      const cluster = this.clusters.find(({ id }) => id === login.host);
      if (cluster === undefined || !cluster.isAlive || this.network.isApart) {
        const address = `${login.host}:${login.port}`;
        throw databaseError('primaryUnreachable', { address, reason: 'no answer' });
      }
      return cluster.source();
    };
  }

  get clusters(): readonly SimulatedCluster[] {
    return [this.primary, this.secondary];
  }

  get leaves(): readonly SimulatedLeaf[] {
    return this.clusters.flatMap(({ leaves }) => leaves);
  }

  say(line: string): void {
    this.#say(`${this.clock.monotonicMs().toFixed(1).padStart(9)} ${line}`);
  }

  /** Lets time pass, and looks at everything afterwards. */
  async pass(ms: number): Promise<void> {
    await this.clock.runUntil(this.clock.monotonicMs() + ms);
    this.archive.observe();
  }

  /** Time passes until the work is done. Rejects with its error, or after so long. */
  async until<T>(what: string, work: Promise<T>, msMax = 120_000): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | null = null;
    void settle(work, (outcome) => (settled = outcome));
    const deadline = this.clock.monotonicMs() + msMax;
    while (settled === null) {
      if (this.clock.monotonicMs() > deadline) throw new Error(`'${what}' does not come to an end`);
      await this.pass(5);
    }
    const outcome = settled as { readonly value: T } | { readonly error: unknown };
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** The leaf ends, and starts again by itself after a while. */
  crash(leaf: SimulatedLeaf, powerCut: boolean): void {
    if (!leaf.isAlive) return;
    this.say(`${powerCut ? 'power cut at' : 'kill'} ${leaf.name}`);
    leaf.crash(powerCut);
    this.#restartLater(leaf);
  }

  crashAggregator(cluster: SimulatedCluster): void {
    if (!cluster.isAlive) return;
    this.say(`kill ${cluster.aggregatorName}`);
    cluster.crashAggregator();
    this.clock.after(this.clock.chance.below(3000), () => void this.#startAggregator(cluster));
  }

  close(): void {
    for (const leaf of this.leaves) leaf.crash(false);
    for (const cluster of this.clusters) cluster.crashAggregator();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #restartLater(leaf: SimulatedLeaf): void {
    const ms = this.clock.chance.below(2000);
    this.clock.after(ms, () => void this.#start(leaf));
  }

  async #start(leaf: SimulatedLeaf): Promise<void> {
    if (leaf.isAlive) return;
    this.say(`start ${leaf.name}`);
    try {
      await leaf.start();
    } catch (error) {
      // What the journal holds cannot be written into the segments: it is started again.
      if ((error as { readonly code?: string }).code !== 'ENOSPC') throw error;
      leaf.crash(false);
      this.#restartLater(leaf);
    }
  }

  async #startAggregator(cluster: SimulatedCluster): Promise<void> {
    if (cluster.isAlive) return;
    this.say(`start ${cluster.aggregatorName}`);
    await cluster.startAggregator();
  }

  #logger(level: 'error' | 'debug'): Logger {
    return createLogger(level === 'debug' ? 'debug' : 'error', {}, (line) => {
      if (level === 'debug') this.say(line.trim());
    });
  }
}

async function settle<T>(
  work: Promise<T>,
  done: (outcome: { readonly value: T } | { readonly error: unknown }) => void,
): Promise<void> {
  try {
    done({ value: await work });
  } catch (error) {
    done({ error });
  }
}
