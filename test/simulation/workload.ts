// What clients do: transfers between accounts of a database, and single rows that are only added.
// Every change carries a row with a number of its own, by which it is found again.

import { partitionOf } from './accounts.ts';
import { DatabaseError } from '#shared/error.ts';
import type { WriteStep } from '#shared/wire/message.ts';
import { databaseName, isCrash, type SimulatedCluster } from './simulated-cluster.ts';
import type { World } from './world.ts';

/** The first number of a marker row: accounts are below it. */
const firstMarker = 1_000_000;

const lockWaitTimeoutMs = 2000;

/** What a client knows of what it has asked for. */
export type Answer = 'acknowledged' | 'refused' | 'unknown';

/** One change: its markers, a row in each partition that it touches. */
export interface Change {
  readonly cluster: string;
  readonly markers: readonly { readonly ordinal: number; readonly id: number }[];
  answer: Answer;
}

export class Workload {
  readonly #world: World;
  readonly accounts: number;
  readonly partitionCount: number;
  readonly changes: Change[] = [];
  #next = firstMarker;

  constructor(world: World, partitionCount: number) {
    this.#world = world;
    this.partitionCount = partitionCount;
    this.accounts = partitionCount * 3;
  }

  /** Every account begins with 100. */
  get total(): bigint {
    return BigInt(this.accounts) * 100n;
  }

  async fund(cluster: SimulatedCluster): Promise<void> {
    for (let id = 0; id < this.accounts; id++) {
      const step = insertStep(id, 100);
      await this.#writeAlone(cluster, partitionOf(id, this.partitionCount), [step]);
    }
  }

  /** One client's one change; never rejects. It may never end, when the aggregator dies. */
  async run(cluster: SimulatedCluster): Promise<void> {
    const { chance } = this.#world.clock;
    if (!cluster.isAlive) return;
    if (chance.oneIn(3)) await this.#add(cluster);
    else await this.#transfer(cluster);
  }

  async #add(cluster: SimulatedCluster): Promise<void> {
    const { chance } = this.#world.clock;
    const ordinal = chance.below(this.partitionCount);
    const marker = this.#marker(ordinal);
    const change = this.#begin(cluster, [marker]);
    try {
      await this.#writeAlone(cluster, ordinal, [insertStep(marker.id, 1)]);
      change.answer = 'acknowledged';
    } catch (error) {
      change.answer = answerTo(error);
    }
  }

  async #transfer(cluster: SimulatedCluster): Promise<void> {
    const { chance } = this.#world.clock;
    const [from, to] = [chance.below(this.accounts), chance.below(this.accounts)];
    const amount = 1 + chance.below(5);
    const ordinals = [...new Set([from, to].map((id) => partitionOf(id, this.partitionCount)))];
    const change = this.#begin(
      cluster,
      ordinals.map((ordinal) => this.#marker(ordinal)),
    );
    let committing = false;
    try {
      const { transactions } = cluster.aggregator;
      const transaction = transactions.begin();
      try {
        for (const { ordinal, id } of change.markers) {
          const steps = [insertStep(id, amount)];
          for (const [account, sign] of [
            [from, -1],
            [to, 1],
          ] as const) {
            if (partitionOf(account, this.partitionCount) !== ordinal) continue;
            steps.push(addStep(account, sign * amount));
          }
          const key = { database: databaseName, ordinal };
          const { catalogVersion } = cluster.aggregator.catalog.database(databaseName);
          const limits = { lockWaitTimeoutMs, foreignKeyChecks: true };
          await transaction.write({ key, catalogVersion, steps, ...limits });
        }
        if (chance.oneIn(8)) {
          await transaction.rollback();
          change.answer = 'refused';
          return;
        }
        committing = true;
        await transaction.commit();
        change.answer = 'acknowledged';
      } catch (error) {
        if (!committing) await transaction.rollback();
        throw error;
      }
    } catch (error) {
      change.answer = committing ? answerTo(error) : refusedUnlessDead(error);
    }
  }

  async #writeAlone(
    cluster: SimulatedCluster,
    ordinal: number,
    steps: readonly WriteStep[],
  ): Promise<void> {
    const { context, catalog } = cluster.aggregator;
    const { placements, catalogVersion } = catalog.database(databaseName);
    const leafId = placements.find((each) => each.ordinal === ordinal)?.leafId ?? 0;
    await context.leaves.leaf(leafId).call('write', {
      key: { database: databaseName, ordinal },
      ...{ catalogVersion, steps, lockWaitTimeoutMs },
      transaction: null,
      foreignKeyChecks: true,
    });
  }

  #marker(ordinal: number): { readonly ordinal: number; readonly id: number } {
    this.#next += 1;
    return { ordinal, id: this.#next };
  }

  #begin(cluster: SimulatedCluster, markers: Change['markers']): Change {
    const change: Change = { cluster: cluster.id, markers, answer: 'unknown' };
    this.changes.push(change);
    return change;
  }
}

function insertStep(id: number, balance: number): WriteStep {
  const sql = 'INSERT INTO account (id, balance) VALUES (?, ?)';
  return { kind: 'statement', sql, parameters: [BigInt(id), BigInt(balance)], returning: false };
}

function addStep(id: number, amount: number): WriteStep {
  const sql = 'UPDATE account SET balance = balance + ? WHERE id = ?';
  return { kind: 'statement', sql, parameters: [BigInt(amount), BigInt(id)], returning: false };
}

/** An error of the statement itself has done nothing; a lost answer says nothing. */
function answerTo(error: unknown): Answer {
  if (!(error instanceof DatabaseError)) {
    if (isCrash(error)) return 'unknown';
    throw error;
  }
  const lost = error.is('leafUnreachable') || error.is('commitUnknown');
  return lost || error.is('queryInterrupted') ? 'unknown' : 'refused';
}

/** Before the commit nothing can have happened for good. */
function refusedUnlessDead(error: unknown): Answer {
  if (error instanceof DatabaseError || isCrash(error)) return 'refused';
  throw error;
}
