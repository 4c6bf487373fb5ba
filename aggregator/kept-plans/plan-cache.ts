// The plans that are kept, by fingerprint: bounded in number and in bytes, the least used go first.

import { holdsFor, type KeptPlan, type KeptRun } from './kept-plan.ts';

/** Plans of one fingerprint that differ in what they take for granted. */
const VARIANTS_MAX = 8;

/**
 * A statement for which so many plans were made, and none used twice as often, is one whose plan
 * hangs on its values: it is planned for itself from then on.
 */
const VAIN_PLANS_MAX = 32;

/** What an entry costs besides its texts, in bytes: seen in heap snapshots. */
const ENTRY_BYTES = 6000;

export interface PlanCacheLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

const defaultPlanCacheLimits: PlanCacheLimits = {
  entriesMax: 4096,
  bytesMax: 64 * 1024 * 1024,
};

/** For SHOW STATUS; they count from the start of the aggregator. */
export interface PlanCacheCounters {
  hits: number;
  misses: number;
  /** Statements that were planned for themselves. */
  notKept: number;
  evicted: number;
}

/** All plans of one fingerprint. */
interface Entry {
  plans: KeptPlan[];
  bytes: number;
  hits: number;
  made: number;
  /** True where plans are made in vain. */
  refused: boolean;
}

export class PlanCache {
  readonly counters: PlanCacheCounters = { hits: 0, misses: 0, notKept: 0, evicted: 0 };
  readonly #limits: PlanCacheLimits;
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();
  #newest: Entry | null = null;
  #bytes = 0;

  constructor(limits: PlanCacheLimits = defaultPlanCacheLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A plan that holds for this run; null: there is none; 'refused': none shall be made. */
  find(key: string, run: KeptRun): KeptPlan | 'refused' | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry !== this.#newest) this.#touch(key, entry);
    if (entry.refused) return 'refused';
    for (const plan of entry.plans) {
      if (!holdsFor(plan, run)) continue;
      entry.hits += 1;
      this.counters.hits += 1;
      return plan;
    }
    return null;
  }

  /** Keeps a plan that was made because none was found. `sizeBytes` is that of its texts. */
  add(key: string, plan: KeptPlan, sizeBytes: number): void {
    const entry = this.#entryOf(key);
    entry.made += 1;
    if (entry.made >= VAIN_PLANS_MAX && entry.hits < 2 * entry.made) {
      this.#refuse(entry);
      return;
    }
    // A plan for an older version of its tables never holds again.
    if (entry.plans.length >= VARIANTS_MAX) entry.plans.shift();
    entry.plans.push(plan);
    const bytes = Math.max(entry.bytes, (ENTRY_BYTES + sizeBytes) * entry.plans.length);
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    this.#evict();
  }

  /** From now on statements of this fingerprint are planned for themselves. */
  refuse(key: string): void {
    this.#refuse(this.#entryOf(key));
    this.#evict();
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = null;
    this.#bytes = 0;
  }

  #entryOf(key: string): Entry {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const bytes = 2 * key.length;
    const entry: Entry = { plans: [], bytes, hits: 0, made: 0, refused: false };
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    this.#newest = entry;
    return entry;
  }

  #refuse(entry: Entry): void {
    entry.refused = true;
    entry.plans = [];
  }

  #touch(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#newest = entry;
  }

  #evict(): void {
    const { entriesMax, bytesMax } = this.#limits;
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) return;
      if (entry === this.#newest && this.#entries.size === 1) return;
      this.#entries.delete(key);
      this.#bytes -= entry.bytes;
      this.counters.evicted += 1;
    }
  }
}
