// A failback from its beginning to its end, however often a crash or a missing leaf cuts it off.

import { pendingDefinitionKey } from '#aggregator/commands/definition/schema-changer.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { describeReturn } from './describe-switch.ts';
import { primaryUri, readLinkRecord, writeLinkRecord, type LinkRecord } from './link-record.ts';
import { readMasters } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';
import type { ReplicationSource } from './replication-source.ts';
import { returnDatabase } from './return-database.ts';

/** Between two attempts at a failback that a leaf holds up, in milliseconds. */
const againMs = 1000;

/** Told when the database is a secondary that is to follow: with the source, where it was asked. */
export type OnReturned = (database: string, source: ReplicationSource | null) => void;

export class Failback {
  readonly #parts: ReplicationParts;
  readonly #onReturned: OnReturned;
  readonly #stopped = new AbortController();
  /** Attempts that go on beside the statements. */
  readonly #going = new Set<Promise<void>>();

  constructor(parts: ReplicationParts, onReturned: OnReturned) {
    this.#parts = parts;
    this.#onReturned = onReturned;
  }

  /** What is not done goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#going);
  }

  /**
   * False where it follows that primary already, and well. Throws partitionNotOnline,
   * failbackImpossible, promotionBlocked where it is amid something else.
   */
  async mayBegin(
    database: DatabaseDefinition,
    record: LinkRecord | null,
    wanted: LinkRecord,
  ): Promise<boolean> {
    const { name, role, state } = database;
    if (role === 'primary' && state !== 'online') {
      throw databaseError('partitionNotOnline', { partition: name, state });
    }
    if ((await this.#parts.store.get(pendingDefinitionKey(name))) !== null) {
      const reason = 'a definition is not complete here; run it again when all leaves are back';
      throw databaseError('failbackImpossible', { name, address: primaryUri(wanted), reason });
    }
    if (record === null || record.intent === 'returning') return true;
    if (record.intent === 'stopping') {
      const reason = 'a promotion of it is not finished: run STOP REPLICATING again';
      throw databaseError('promotionBlocked', { partition: name, reason });
    }
    const masters = await readMasters(this.#parts, database);
    const isParted = masters.some(({ link }) => link?.state === 'diverged');
    const isTheSame = record.primaryClusterId === wanted.primaryClusterId;
    return !isTheSame || isParted;
  }

  /** Carries the failback out, in the database's turn. Throws failbackPending. */
  async carryOut(record: LinkRecord, source: ReplicationSource | null): Promise<readonly string[]> {
    const { catalog, store, logger } = this.#parts;
    const { database: name } = record;
    try {
      const returned = await returnDatabase(this.#parts, catalog.database(name), record);
      await catalog.put(returned.database);
      this.#parts.failpoint('return-done');
      const { partings: _, ...rest } = record;
      await writeLinkRecord(store, { ...rest, intent: 'replicating' });
      this.#onReturned(name, source);
      const fields = { database: name, primary: primaryUri(record), rescued: returned.rescued };
      logger.info('database has gone back to follow its new primary', fields);
      return describeReturn(record, returned);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (source !== null) this.goOnLater(name);
      throw databaseError('failbackPending', { name, reason: error.message }, error);
    }
  }

  async #goOn(name: string): Promise<void> {
    const { clock, inTurn, logger } = this.#parts;
    for (;;) {
      try {
        await inTurn(name, async () => {
          const record = await readLinkRecord(this.#parts.store, name);
          const isWanted = record?.intent === 'returning' && !this.#stopped.signal.aborted;
          if (isWanted) await this.carryOut(record, null);
        });
        return;
      } catch (error) {
        logger.warn('a failback waits', { database: name }, error);
      }
      try {
        await clock.sleep(againMs, this.#stopped.signal);
      } catch {
        return;
      }
    }
  }

  /** Goes on with a failback that was cut off, until it is done or nobody wants it any more. */
  goOnLater(name: string): void {
    const going = this.#goOn(name);
    this.#going.add(going);
    void this.#forgetAtEnd(going);
  }

  async #forgetAtEnd(going: Promise<void>): Promise<void> {
    await going;
    this.#going.delete(going);
  }
}
