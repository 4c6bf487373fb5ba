// REPLICATE, PAUSE, CONTINUE, STOP: decides what each secondary database is to do, and sees to it.
//
// What is to be is written down first (link-record.ts); a FollowedDatabase then brings the links
// there, and after a restart again. So a refusal leaves nothing, and a crash loses no decision.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { must } from '#shared/assert.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import { askPrimary, checkSource, placeCopies } from './ask-primary.ts';
import { followSchema } from './catalog-follower.ts';
import { describePromotion } from './describe-switch.ts';
import { Failback } from './failback.ts';
import { checkFailback, findPartings } from './find-partings.ts';
import { FollowedDatabase } from './followed-database.ts';
import {
  listLinkRecords,
  primaryUri,
  readLinkRecord,
  removeLinkRecord,
  writeLinkRecord,
  type LinkRecord,
} from './link-record.ts';
import { readMasters } from './master-leaves.ts';
import { checkLeavesReach } from './probe-links.ts';
import type { PrimaryLogin } from './primary-client.ts';
import { promoteDatabase } from './promote-database.ts';
import type { ReplicationParts } from './replication-parts.ts';
import type { ReplicationSource } from './replication-source.ts';
import { openPassword, sealPassword } from './seal-password.ts';

export class ReplicationController {
  readonly #parts: ReplicationParts;
  readonly #followed = new Map<string, FollowedDatabase>();
  /** Work beside the statements, until it has ended. */
  readonly #beside = new Set<Promise<void>>();
  readonly #failback: Failback;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.#failback = new Failback(parts, (name, source) => this.#follow(name, source));
    parts.catalog.followSchemaBy((database) => followSchema(parts, database));
  }

  /**
   * Goes on with every database that follows another. What a crash has cut off: a REPLICATE is
   * taken back, for nobody was told of it; a STOP or a failback is finished, as soon as the leaves
   * are there.
   */
  async start(): Promise<void> {
    for (const record of await listLinkRecords(this.#parts.store)) {
      if (record.intent === 'starting') await this.#takeBack(record.database);
      else if (record.intent === 'stopping') this.#besides(this.#finish(record));
      else if (record.intent === 'returning') this.#failback.goOnLater(record.database);
      else this.#follow(record.database, null);
    }
  }

  /** The aggregator stops; the links on the leaves go on without it. */
  async stop(): Promise<void> {
    await this.#failback.stop();
    for (const name of [...this.#followed.keys()]) this.#unfollow(name);
    await Promise.all(this.#beside);
  }

  /**
   * Makes the database, empty, and has each of its partitions follow the primary's. Answers once
   * the links are started. Throws one of the errors of replication.md 1, and leaves nothing then.
   */
  async replicate(name: string, login: PrimaryLogin): Promise<void> {
    const existing = this.#parts.catalog.find(name);
    if (existing?.role === 'secondary') throw databaseError('alreadyReplicating', { name });
    const source = await askPrimary(this.#parts, login, existing);
    checkSource(this.#parts, name, { login, source });
    if (existing !== null) throw databaseError('copyExists', { name });
    const { catalog, partitions } = this.#parts;
    const placements = placeCopies(this.#parts, name, source);
    await checkLeavesReach(this.#parts, { placements, source, remoteDatabase: login.database });
    await this.#parts.inTurn(name, async () => {
      if (catalog.find(name) !== null) throw databaseError('copyExists', { name });
      const record = this.#newRecord(name, login, source);
      const made = newSecondary(name, placements, source, record);
      const database = { ...made, incarnation: await catalog.nextIncarnation() };
      await writeLinkRecord(this.#parts.store, record);
      try {
        await catalog.put(database);
        await partitions.create(database);
        await this.#startLinks(database, source, login.database);
        await writeLinkRecord(this.#parts.store, { ...record, intent: 'replicating' });
        await catalog.put({ ...database, state: 'provisioning' });
      } catch (error) {
        await this.#takeBack(name);
        throw error;
      }
      this.#follow(name, source);
    });
  }

  /**
   * FORCE DIFFERENTIAL: a database that is there gives up what the primary does not have, keeps it
   * in <db>_rescued, and follows. Answers what was done, in sentences. Throws as `replicate` does,
   * failbackImpossible, or failbackPending when it has begun and goes on by itself. One that
   * follows that primary well takes what is new of the login.
   */
  async failBack(name: string, login: PrimaryLogin): Promise<readonly string[]> {
    const existing = this.#parts.catalog.find(name);
    if (existing === null) {
      await this.replicate(name, login);
      return [];
    }
    const source = await askPrimary(this.#parts, login, null);
    checkSource(this.#parts, name, { login, source });
    await checkFailback(this.#parts, existing, { source, login });
    const { placements } = existing;
    await checkLeavesReach(this.#parts, { placements, source, remoteDatabase: login.database });
    return await this.#parts.inTurn(name, async () => {
      const database = this.#parts.catalog.database(name);
      const before = await readLinkRecord(this.#parts.store, name);
      const fresh = this.#newRecord(name, login, source);
      if (!(await this.#failback.mayBegin(database, before, fresh))) {
        return await this.#takeLogin(database, must(before), fresh);
      }
      this.#parts.returning.add(name);
      try {
        // Both sides may have begun by now: whoever asks last sees that the other has.
        const asked = await askPrimary(this.#parts, login, null);
        await checkFailback(this.#parts, database, { source: asked, login });
        const partings = await findPartings(this.#parts, database, { source, login });
        const record = { ...fresh, partings, intent: 'returning' } as const;
        this.#unfollow(name);
        await writeLinkRecord(this.#parts.store, record);
        this.#parts.failpoint('return-written-down');
        return await this.#failback.carryOut(record, source);
      } finally {
        this.#parts.returning.delete(name);
      }
    });
  }

  /** The same primary, by another login or at another address. Throws alreadyReplicating. */
  async #takeLogin(
    database: DatabaseDefinition,
    before: LinkRecord,
    { host, port, user, sealedPassword, remoteDatabase }: LinkRecord,
  ): Promise<readonly string[]> {
    const { catalog, clusterSecret, store } = this.#parts;
    const { name } = database;
    const open = (sealed: Uint8Array): string => openPassword(clusterSecret, name, sealed);
    const isSame =
      before.host === host &&
      before.port === port &&
      before.user === user &&
      open(before.sealedPassword) === open(sealedPassword);
    if (isSame || before.remoteDatabase !== remoteDatabase) {
      throw databaseError('alreadyReplicating', { name });
    }
    const record = { ...before, host, port, user, sealedPassword };
    await writeLinkRecord(store, record);
    await catalog.put({ ...database, primaryUri: primaryUri(record) });
    this.#followed.get(name)?.renew();
    return [`'${name}' follows on, and asks ${primaryUri(record)} as ${user} from here on`];
  }

  /** Links ask for no more; reads go on. Throws notReplicating. */
  async pause(name: string): Promise<void> {
    await this.#parts.inTurn(name, async () => {
      const { database, record } = await this.#followingOn(name);
      await writeLinkRecord(this.#parts.store, { ...record, intent: 'paused' });
      for (const { ordinal, leafId } of database.placements) {
        if (!this.#parts.leaves.isOnline(leafId)) continue;
        const key = { database: name, ordinal };
        await this.#parts.leaves.leaf(leafId).call('pauseLink', { key });
      }
      if (database.state === 'replicating') {
        await this.#parts.catalog.put({ ...database, state: 'replication paused' });
      }
    });
  }

  /** Goes on where PAUSE, or a link that failed, has stopped. Throws notReplicating. */
  async continue(name: string): Promise<void> {
    await this.#parts.inTurn(name, async () => {
      const { database, record } = await this.#followingOn(name);
      await writeLinkRecord(this.#parts.store, { ...record, intent: 'replicating' });
      if (database.state === 'replication paused') {
        await this.#parts.catalog.put({ ...database, state: 'replicating' });
      }
    });
    const followed = must(this.#followed.get(name), 'a secondary database is followed');
    followed.renew();
  }

  /**
   * Promotion. Answers what was done, in sentences. `force`: of a first copy, too, as far as it has
   * come. Throws notReplicating, copyNotWhole, copyEmpty, leafUnreachable, promotionBlocked; after
   * the last two the database stays as far as it came, and STOP goes on from there.
   */
  async stopReplicating(
    name: string,
    { force }: { readonly force: boolean },
  ): Promise<readonly string[]> {
    return await this.#parts.inTurn(name, async () => {
      const { database, record } = await this.#following(name);
      if (record.intent === 'returning') await this.#failback.carryOut(record, null);
      // What was begun is finished: it was looked at before.
      if (record.intent === 'stopping') return await this.#promote(database, record);
      const isPart = isPartOfCopy(name, await readMasters(this.#parts, database));
      if (isPart && !force) throw databaseError('copyNotWhole', { name });
      const promoted = this.#parts.catalog.database(name);
      return await this.#promote(promoted, { ...record, force: isPart });
    });
  }

  /** Why the primary's master aggregator does not answer for the database; '' while it does. */
  troubleOf(name: string): string {
    return this.#followed.get(name)?.lastError ?? '';
  }

  /** The database is about to be dropped: nobody follows for it any more. */
  async forget(name: string): Promise<void> {
    this.#unfollow(name);
    await removeLinkRecord(this.#parts.store, name);
  }

  async #promote(database: DatabaseDefinition, record: LinkRecord): Promise<readonly string[]> {
    const { store, catalog, logger } = this.#parts;
    const { name } = database;
    const { force: anyway = false } = record;
    await writeLinkRecord(store, { ...record, intent: 'stopping' });
    this.#parts.failpoint('stop-written-down');
    this.#unfollow(name);
    const promoted = await promoteDatabase(this.#parts, database, { anyway });
    await catalog.put(promoted.database);
    this.#parts.failpoint('stop-in-catalog');
    await removeLinkRecord(store, name);
    logger.info('database promoted', { database: name, primary: primaryUri(record) });
    const sentences = describePromotion(promoted);
    const sentence = 'its first copy was not whole: transactions may be there by halves';
    return anyway ? [...sentences, sentence] : sentences;
  }

  /** Finishes a promotion that a crash has cut off. Once: what fails then, STOP tells. */
  async #finish(record: LinkRecord): Promise<void> {
    const { database } = record;
    try {
      await this.stopReplicating(database, { force: false });
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      this.#parts.logger.warn('a promotion waits for STOP REPLICATING', { database }, error);
    }
  }

  #newRecord(name: string, login: PrimaryLogin, source: ReplicationSource): LinkRecord {
    const { clusterSecret, clock } = this.#parts;
    const { host, port, user, password } = login;
    return {
      database: name,
      intent: 'starting',
      host,
      port,
      user,
      sealedPassword: sealPassword({ clusterSecret, database: name, password, clock }),
      remoteDatabase: login.database,
      primaryClusterId: source.clusterId,
    };
  }

  async #startLinks(
    database: DatabaseDefinition,
    source: ReplicationSource,
    remoteDatabase: string,
  ): Promise<void> {
    const { ticket } = source;
    const starts = database.placements.map(async ({ ordinal, leafId }) => {
      const partition = must(source.partitions.find((entry) => entry.ordinal === ordinal));
      const sourceKey = { database: remoteDatabase, ordinal };
      await this.#parts.leaves.leaf(leafId).call('startLink', {
        key: { database: database.name, ordinal },
        source: { address: partition.address, key: sourceKey, ticket },
      });
    });
    await Promise.all(starts);
  }

  /** Throws notReplicating unless the database is there and follows. */
  async #following(name: string): Promise<{ database: DatabaseDefinition; record: LinkRecord }> {
    const database = this.#parts.catalog.database(name);
    const record = await readLinkRecord(this.#parts.store, name);
    if (record !== null && database.role === 'secondary') return { database, record };
    // The last step of a promotion was cut off between its two lines.
    if (record !== null) await removeLinkRecord(this.#parts.store, name);
    throw databaseError('notReplicating', { name });
  }

  /** As `#following`; throws failbackPending, promotionBlocked while one of them is under way. */
  async #followingOn(name: string): Promise<{ database: DatabaseDefinition; record: LinkRecord }> {
    const following = await this.#following(name);
    const { intent } = following.record;
    if (intent === 'returning') {
      throw databaseError('failbackPending', { name, reason: 'a leaf is away' });
    }
    if (intent === 'stopping') {
      const reason = 'a promotion of it is not finished: run STOP REPLICATING again';
      throw databaseError('promotionBlocked', { partition: name, reason });
    }
    return following;
  }

  async #takeBack(name: string): Promise<void> {
    const { catalog, partitions, store } = this.#parts;
    const database = catalog.find(name);
    if (database !== null && database.role === 'secondary') {
      await partitions.drop(database);
      await catalog.remove(name);
    }
    await removeLinkRecord(store, name);
  }

  #follow(name: string, source: ReplicationSource | null): void {
    this.#followed.set(name, new FollowedDatabase(this.#parts, name, source));
  }

  /** Does not wait: its last look at the links may itself wait for the turn that we are in. */
  #unfollow(name: string): void {
    const followed = this.#followed.get(name);
    if (followed === undefined) return;
    this.#followed.delete(name);
    this.#besides(followed.stop());
  }

  #besides(work: Promise<void>): void {
    this.#beside.add(work);
    void this.#forgetAtEnd(work);
  }

  async #forgetAtEnd(work: Promise<void>): Promise<void> {
    await work;
    this.#beside.delete(work);
  }
}

/**
 * Records that have come by halves can be taken back, a snapshot cannot; a copy that waits for a
 * snapshot still has what it had. Throws copyEmpty.
 */
function isPartOfCopy(name: string, masters: readonly PartitionStatus[]): boolean {
  const empty = masters.find(({ tail }) => tail.lsn === 0n);
  if (empty !== undefined) {
    throw databaseError('copyEmpty', { name, partition: partitionName(empty.key) });
  }
  return masters.some(
    ({ state, maybeTorn, abandoned }) => (state === 'provisioning' && !abandoned) || maybeTorn,
  );
}

function newSecondary(
  name: string,
  placements: DatabaseDefinition['placements'],
  source: ReplicationSource,
  record: LinkRecord,
): DatabaseDefinition {
  return {
    name,
    role: 'secondary',
    state: 'pending',
    durability: source.durability,
    collation: source.collation,
    partitionCount: source.partitionCount,
    placements,
    catalogVersion: 0,
    tables: {},
    nextTableId: 1,
    primaryUri: primaryUri(record),
  };
}
