// Carries a definition to every partition, so that a crash or a leaf that is away leaves no half.
//
// The change is written down first; then every partition is told (it takes each version once);
// then the catalog moves on. Whoever comes in between is refused with catalogMismatch and plans
// again. What is written down is completed at the next start, or when the missing leaf is back.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import { Breather } from '#aggregator/breather.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { keyWord } from '#aggregator/metadata/store-key.ts';
import { Turns } from '#shared/turns.ts';
import type { Clock } from '#shared/clock.ts';
import { addressText, type PartitionPlacement } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { LeafCalls } from '#shared/wire/message.ts';
import {
  compensatingChange,
  definitionFor,
  pendingAgain,
  pendingChange,
  storedChange,
  type PendingChange,
  type SchemaChange,
  type StoredChange,
} from './schema-change.ts';
import { findAddress } from '#aggregator/cluster/address-of.ts';

const pendingPrefix = 'definition/';

/** Where the store keeps a definition of the database that is not complete. */
export function pendingDefinitionKey(database: string): string {
  return `${pendingPrefix}${keyWord(database)}`;
}

/** How long a statement waits for a leaf that went away in the middle. */
const completionWaitMs = 20_000;
/** Between two attempts at a leaf that is away. */
const retryMs = 250;

export interface SchemaChangerParts {
  readonly catalog: Catalog;
  readonly store: MetadataStore;
  readonly leaves: LeafDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Throws while definitions are refused: FLUSH TABLES WITH READ ONLY. */
  readonly checkUnfenced?: () => void;
}

/** How one partition took a definition. */
type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly error: DatabaseError }
  | { readonly kind: 'away'; readonly reason: string };

export class SchemaChanger {
  readonly #parts: SchemaChangerParts;
  readonly #turns = new Turns();
  readonly #stopped = new AbortController();

  constructor(parts: SchemaChangerParts) {
    this.#parts = parts;
  }

  /**
   * Changes the schema of a database: `plan` is given its newest version and answers the change,
   * or null when there is nothing to do. Throws what `plan` throws, readOnlySecondary,
   * leafUnreachable when a leaf is away before anything has begun, or definitionPending when one
   * went in the middle; queryInterrupted, with nothing changed, when `signal` fires in time.
   */
  async change(
    name: string,
    plan: (database: DatabaseDefinition) => SchemaChange | null | Promise<SchemaChange | null>,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#begin(name, async (database) => {
      const change = await plan(database);
      if (change === null) return;
      for (const placement of database.placements) this.#checkOnline(placement);
      if (signal?.aborted === true) throw databaseError('queryInterrupted', {});
      await this.#carryOutUntil(database, change, signal);
    });
  }

  /** Carries it out; ended by `signal` where every partition can take it back. */
  async #carryOutUntil(
    database: DatabaseDefinition,
    change: SchemaChange,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const pending = pendingChange(database, change);
    // What cannot be taken back where it is done is done everywhere; one place has done all of it.
    const mayStop = change.undo !== null || database.placements.length === 1;
    const stop = (): void => this.#interrupt(pending);
    if (mayStop) signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.#carryOut(pending, completionWaitMs);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Asks every partition to end it where it is not logged yet; one that is late is too late. */
  #interrupt({ next }: PendingChange): void {
    for (const { ordinal, leafId } of next.placements) {
      const key = { database: next.name, ordinal };
      void this.#ask(leafId, { key, version: next.catalogVersion });
    }
  }

  async #ask(leafId: number, request: LeafCalls['interruptDefinition']['request']): Promise<void> {
    try {
      await this.#parts.leaves.leaf(leafId).call('interruptDefinition', request);
    } catch (error) {
      this.#parts.logger.warn('a definition could not be ended', { leafId }, error);
    }
  }

  /**
   * As `change`, for one that must look at rows first: before `plan` is asked, every partition
   * is moved on by an empty version that the catalog does not have yet, so that nobody reads or
   * writes until the change is done. `plan` reads at the version of the database it is given. Ends
   * with queryInterrupted, and nothing changed, when `signal` fires in time.
   */
  async changeFenced(
    name: string,
    plan: (database: DatabaseDefinition, breather: Breather) => Promise<SchemaChange>,
    signal = new AbortController().signal,
  ): Promise<void> {
    const breather = new Breather(this.#parts.clock, signal);
    await this.#begin(name, async (database) => {
      for (const placement of database.placements) this.#checkOnline(placement);
      const nothing = { put: [], drop: [], statements: () => [], undo: null };
      const fence = pendingChange(database, nothing);
      await this.#writeDown(fence);
      try {
        await this.#spread(fence, completionWaitMs);
        breather.check();
        const change = await plan(fence.next, breather);
        breather.check();
        await this.#carryOutUntil(fence.next, change, signal);
      } catch (error) {
        if (!this.#isSettled(fence)) await this.#openFence(fence);
        throw error;
      }
    });
  }

  /** In the database's turn, with nothing of an earlier change left, where writes are allowed. */
  async #begin(name: string, work: (database: DatabaseDefinition) => Promise<void>): Promise<void> {
    // A fence that is coming up holds the turn until running writes have ended.
    this.#parts.checkUnfenced?.();
    await this.#turns.inTurn(name, async () => {
      await this.#settle(name);
      const database = this.#parts.catalog.database(name);
      checkWritable(database);
      this.#parts.checkUnfenced?.();
      await work(database);
    });
  }

  /** Completes what a crash has cut off. Returns at once; the work goes on until it is done. */
  async resume(): Promise<void> {
    for (const { value } of await this.#parts.store.list(pendingPrefix)) {
      const pending = await this.#readAgain(value as StoredChange);
      if (pending !== null) void this.#complete(pending);
    }
  }

  /** Work of another kind on a database (its creation, its end), in its turn. */
  async inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    return await this.#turns.inTurn(name, work);
  }

  /** Nothing is under way for the database any more. */
  async forget(name: string): Promise<void> {
    await this.#parts.store.delete(pendingDefinitionKey(name));
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #complete(pending: PendingChange): Promise<void> {
    const { name } = pending.next;
    try {
      await this.#turns.inTurn(name, async () => {
        if (this.#isSettled(pending)) return;
        await this.#carryOut(pending, Infinity);
      });
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#parts.logger.error('a definition could not be completed', { database: name }, error);
    }
  }

  #checkOnline(placement: PartitionPlacement): void {
    const { leaves } = this.#parts;
    if (leaves.isOnline(placement.leafId)) return;
    const leaf = this.#leafName(placement.leafId);
    throw databaseError('leafUnreachable', { leaf, reason: 'it is offline' });
  }

  #leafName(nodeId: number): string {
    const address = findAddress(this.#parts.leaves, nodeId);
    return address === null ? `node ${nodeId}` : addressText(address);
  }

  /** Nothing was changed behind the fence: the catalog follows to its version. */
  async #openFence(fence: PendingChange): Promise<void> {
    const entry = await this.#parts.store.get(pendingDefinitionKey(fence.next.name));
    const pending = entry?.value as StoredChange | undefined;
    // A change that is on its way opens the fence itself when it is complete.
    if (pending?.to === fence.next.catalogVersion) await this.#finish(fence);
  }

  /** A change before this one that a leaf still misses is completed first. */
  async #settle(name: string): Promise<void> {
    const entry = await this.#parts.store.get(pendingDefinitionKey(name));
    const pending = entry === null ? null : await this.#readAgain(entry.value as StoredChange);
    if (pending === null) return;
    try {
      await this.#carryOut(pending, completionWaitMs);
    } catch (error) {
      // Refused by rows and taken back: the database is as before, and whole.
      if (!this.#isSettled(pending)) throw error;
    }
  }

  /** What was written down; null, and forgotten, where the catalog has it or no such database. */
  async #readAgain(stored: StoredChange): Promise<PendingChange | null> {
    const database = this.#parts.catalog.find(stored.database);
    if (database !== null && database.catalogVersion < stored.to) {
      return pendingAgain(database, stored);
    }
    await this.forget(stored.database);
    return null;
  }

  #isSettled(pending: PendingChange): boolean {
    const { name, catalogVersion } = pending.next;
    const database = this.#parts.catalog.find(name);
    return database === null || database.catalogVersion >= catalogVersion;
  }

  /** Throws the error of a partition that refused, after the way back is done. */
  async #carryOut(pending: PendingChange, waitMs: number): Promise<void> {
    await this.#writeDown(pending);
    const refusal = await this.#spread(pending, waitMs);
    if (refusal === null) {
      await this.#finish(pending);
      return;
    }
    const back = compensatingChange(pending, refusal.done);
    await this.#writeDown(back);
    await this.#spread(back, waitMs);
    await this.#finish(back);
    throw refusal.error;
  }

  async #writeDown(pending: PendingChange): Promise<void> {
    await this.#parts.store.put(pendingDefinitionKey(pending.next.name), storedChange(pending));
  }

  async #finish(pending: PendingChange): Promise<void> {
    await this.#parts.catalog.put(pending.next);
    await this.forget(pending.next.name);
  }

  /**
   * Tells every partition, again and again while one is away. Answers null when all have it, or
   * who has it when another refused it for good.
   */
  async #spread(
    pending: PendingChange,
    waitMs: number,
  ): Promise<{ error: DatabaseError; done: ReadonlySet<number> } | null> {
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + waitMs;
    const done = new Set<number>();
    for (;;) {
      const left = pending.next.placements.filter(({ ordinal }) => !done.has(ordinal));
      const outcomes = await Promise.all(left.map((placement) => this.#tell(pending, placement)));
      let away: { leaf: string; reason: string } | null = null;
      let refusal: DatabaseError | null = null;
      for (const [index, placement] of left.entries()) {
        const outcome = outcomes[index];
        if (outcome?.kind === 'done') done.add(placement.ordinal);
        else if (outcome?.kind === 'refused') refusal = outcome.error;
        else if (outcome !== undefined) {
          away = { leaf: this.#leafName(placement.leafId), reason: outcome.reason };
        }
      }
      if (away === null) return refusal === null ? null : { error: refusal, done };
      if (clock.monotonicMs() > deadline) {
        void this.#complete(pending);
        throw databaseError('definitionPending', away);
      }
      await clock.sleep(retryMs, this.#stopped.signal);
    }
  }

  async #tell(pending: PendingChange, placement: PartitionPlacement): Promise<Outcome> {
    const { ordinal, leafId } = placement;
    const key = { database: pending.next.name, ordinal };
    try {
      const leaf = this.#parts.leaves.leaf(leafId);
      await leaf.call('define', { key, change: definitionFor(pending, ordinal) });
      return { kind: 'done' };
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (error.is('leafUnreachable') || error.retry) {
        return { kind: 'away', reason: error.message };
      }
      return { kind: 'refused', error };
    }
  }
}

/** A secondary's schema arrives with its rows: no one else changes it. */
function checkWritable(database: DatabaseDefinition): void {
  if (database.role === 'secondary') {
    const { name, primaryUri } = database;
    throw databaseError('readOnlySecondary', { database: name, primary: primaryUri });
  }
  if (database.state !== 'online') {
    const { name: partition, state } = database;
    throw databaseError('partitionNotOnline', { partition, state });
  }
}
