// FLUSH TABLES WITH READ ONLY: writes that run are let finish, new ones are refused everywhere.
//
// Every partition keeps the fence by itself, for a lease that is renewed here: it ends with UNLOCK
// TABLES, with its session, or a while after this aggregator is no more.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { Session } from '#aggregator/session.ts';
import type { Clock } from '#shared/clock.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';

/** A partition lifts its fence by itself when it has not heard of it for so long. */
const leaseMs = 15_000;
/** The lease is renewed, and the session looked for, so often. */
const renewMs = 1000;

export interface WriteFenceParts {
  readonly catalog: Catalog;
  readonly leaves: LeafDirectory;
  readonly registry: Pick<SessionRegistry, 'session'>;
  /** Runs work on one database after the other work on it. */
  readonly inTurn: <T>(database: string, work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class WriteFence {
  readonly #parts: WriteFenceParts;
  /** The sessions that hold it, and how each one's renewal is ended. */
  readonly #holders = new Map<Session, AbortController>();
  /** Renewals that partitions have not answered yet. */
  readonly #renewing = new Set<Promise<void>>();

  constructor(parts: WriteFenceParts) {
    this.#parts = parts;
  }

  /** Throws writesFenced while anybody holds the fence. */
  check(): void {
    if (this.#holders.size > 0) throw databaseError('writesFenced', {});
  }

  /**
   * Resolves when nothing is being written any more. Throws lockWaitTimeout when a transaction
   * stays open for longer than `lockWaitTimeoutMs`, leafUnreachable, notMasterAggregator; nothing
   * is fenced then.
   */
  async raise(session: Session, lockWaitTimeoutMs: number): Promise<void> {
    if (this.#holders.has(session)) return;
    // A session of another aggregator: nobody here would see its end.
    if (!this.#isThere(session)) throw databaseError('notMasterAggregator', {});
    const ended = new AbortController();
    this.#holders.set(session, ended);
    try {
      for (const { name } of this.#parts.catalog.databases()) {
        await this.#parts.inTurn(name, () => this.#fence(this.#keysOf(name), lockWaitTimeoutMs));
      }
    } catch (error) {
      await this.lift(session);
      throw error;
    }
    void this.#renew(session, ended.signal);
  }

  /** The session holds the fence no longer; the last one to let go opens the partitions. */
  async lift(session: Session): Promise<void> {
    this.#holders.get(session)?.abort();
    if (!this.#holders.delete(session) || this.#holders.size > 0) return;
    // One that is still on its way would raise the fence again behind this.
    await Promise.allSettled(this.#renewing);
    const keys = this.#parts.catalog.databases().flatMap(({ name }) => this.#keysOf(name));
    await Promise.allSettled(keys.map((key) => this.#call(key, { leaseMs: 0, waitMs: 0 })));
  }

  /** The aggregator stops. */
  async stop(): Promise<void> {
    await Promise.all([...this.#holders.keys()].map((session) => this.lift(session)));
  }

  async #renew(session: Session, ended: AbortSignal): Promise<void> {
    const { clock, catalog, logger } = this.#parts;
    for (;;) {
      try {
        await clock.sleep(renewMs, ended);
      } catch {
        return;
      }
      if (!this.#isThere(session)) {
        await this.lift(session);
        return;
      }
      const keys = catalog.databases().flatMap(({ name }) => this.#keysOf(name));
      const renewal = this.#fence(keys, renewMs);
      this.#renewing.add(renewal);
      try {
        await renewal;
      } catch (error) {
        logger.warn('the write fence could not be renewed everywhere', {}, error);
      } finally {
        this.#renewing.delete(renewal);
      }
    }
  }

  #isThere(session: Session): boolean {
    try {
      return this.#parts.registry.session(session.id) === session;
    } catch {
      return false;
    }
  }

  /** The partitions of a database that take writes, if it does. */
  #keysOf(name: string): PartitionKey[] {
    const database = this.#parts.catalog.find(name);
    if (database === null || database.role !== 'primary') return [];
    return database.placements.map(({ ordinal }) => ({ database: name, ordinal }));
  }

  async #fence(keys: readonly PartitionKey[], waitMs: number): Promise<void> {
    const results = await Promise.allSettled(
      keys.map((key) => this.#call(key, { leaseMs, waitMs })),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #call(key: PartitionKey, terms: { leaseMs: number; waitMs: number }): Promise<void> {
    const database = this.#parts.catalog.find(key.database);
    const placement = database?.placements.find(({ ordinal }) => ordinal === key.ordinal);
    if (placement === undefined) return;
    try {
      await this.#parts.leaves
        .leaf(placement.leafId)
        .call('fence', { key, reason: 'flush', ...terms });
    } catch (error) {
      // It has become a secondary meanwhile: nobody writes there anyway.
      if (error instanceof DatabaseError && error.is('readOnlySecondary')) return;
      throw error;
    }
  }
}
