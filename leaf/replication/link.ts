// Secondary side: say our position, receive, apply, acknowledge; on trouble, again.
//
// One loop: connect → subscribe → (snapshot) → records. Every item that arrives becomes an event
// of link-state.ts or a step of the applier. What may pass by itself is `trouble`: a jittered
// wait, and again from our own position. What does not is `diverged` or `failed`: the link stops
// and says so, until CONTINUE REPLICATING or another source starts it.

import { databaseError } from '#shared/error.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { LinkSource, LinkStatus, SubscribeItem } from '#shared/wire/message.ts';
import type { CheckReport } from '#shared/wire/content-message.ts';
import { Applier } from './applier.ts';
import { abandoned, sameOrigin } from './link-file.ts';
import { LinkCheck, type CheckedSource } from './link-check.ts';
import { divergence, isDamage } from './link-errors.ts';
import type { LinkOptions } from './link-options.ts';
import { LinkProgress } from './link-progress.ts';
import { LinkState } from './link-state.ts';
import { openSubscription, type Subscription } from './subscription.ts';

/** The waits after trouble, in milliseconds: doubled each time, up to the second, and jittered. */
const backoffMsMin = 100;
const backoffMsMax = 5000;

export class Link {
  readonly #options: LinkOptions;
  readonly #applier: Applier;
  readonly #progress: LinkProgress;
  readonly #state: LinkState;
  readonly #check: LinkCheck | null;
  /** The primary's leaf, while a connection to it lives. */
  #checked: CheckedSource | null = null;
  #source: LinkSource;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  #backoffMs = backoffMsMin;
  #lastError = '';

  /** Begins at once, unless it is paused. */
  constructor(options: LinkOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#check = options.checks === null ? null : new LinkCheck({ ...options, ...options.checks });
    this.#applier = new Applier(options.partition);
    this.#progress = new LinkProgress(options.clock, this.#applier.position.lsn);
    this.#state = new LinkState(options.paused ? 'paused' : 'connecting');
    if (!options.paused) this.#begin();
  }

  get source(): LinkSource {
    return this.#source;
  }

  get paused(): boolean {
    return this.#state.name === 'paused';
  }

  /** Follows the source from here on. A stream that runs is not cut for a newer ticket. */
  async start(source: LinkSource): Promise<void> {
    const before = this.#source;
    this.#source = source;
    if (sameOrigin(before, source) && this.#isConnected()) return;
    await this.stop();
    this.#state.take('start');
    this.#backoffMs = backoffMsMin;
    this.#begin();
  }

  /** Asks for no more records; the connection is closed when it resolves. */
  async pause(): Promise<void> {
    this.#state.take('pause');
    await this.stop();
  }

  /** Ends the loop and leaves the state as it is. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.stop.abort();
    await running?.ended;
  }

  /** The link is dropped: what it had begun to download goes, and its file is closed. */
  async end(): Promise<void> {
    await this.stop();
    await this.#applier.discardSnapshot();
  }

  status(): LinkStatus {
    const { partition } = this.#options;
    const progress = this.#progress;
    const download = this.#applier.download;
    const streaming = this.#state.name === 'streaming';
    return {
      state: this.#state.name,
      source: this.#source.address,
      sourceKey: this.#source.key,
      primaryTail: progress.primaryTail,
      primaryTailTimestampMs: progress.primaryTailTimestampMs,
      ...progress.lag(streaming, partition.status().replayTimestampMs),
      bytesPerSecond: progress.bytesPerSecond,
      snapshotBytesDone: download?.bytesDone ?? 0,
      snapshotBytesTotal: download?.bytesTotal ?? 0,
      recordsApplied: progress.recordsApplied,
      lastError: this.#lastError,
      check: this.#check?.summary ?? null,
    };
  }

  /** What the primary at the head of the chain has now; null while it cannot be asked. */
  async primaryTail(): Promise<LSN | null> {
    const source = this.#checked;
    if (source === null || this.#state.name !== 'streaming') return null;
    const { followerId, partition } = this.#options;
    const { lsn } = partition.log.hardened;
    const asked = { key: source.key, followerId, lsn, newest: true };
    return (await source.leaf.call('acknowledge', asked)).tail;
  }

  /** Asks for a comparison with the primary. Throws notComparable while no records come. */
  checkNow(withRows: boolean): number {
    const check = this.#check;
    if (check !== null && this.#checked !== null && this.#state.name === 'streaming') {
      const number = check.ask(withRows);
      void check.tick(this.#checked);
      return number;
    }
    throw databaseError('notComparable', { state: this.#state.name });
  }

  /** What the last comparison found; null before the first. */
  get checkReport(): CheckReport | null {
    return this.#check?.report ?? null;
  }

  #isConnected(): boolean {
    return this.#running !== null && ['snapshot', 'streaming'].includes(this.#state.name);
  }

  #begin(): void {
    const stop = new AbortController();
    this.#running = { stop, ended: this.#run(stop.signal) };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
        if (this.#state.name === 'diverged') return;
        throw databaseError('linkProtocol', { reason: 'it ended the stream' });
      } catch (error) {
        if (signal.aborted) return;
        this.#stumble(error);
      }
      if (this.#state.name !== 'backing off' || !(await this.#backOff(signal))) return;
      this.#state.take('retry due');
    }
  }

  /** One connection, from its beginning to its end; what has come is applied by then. */
  async #follow(signal: AbortSignal): Promise<void> {
    const source = this.#source;
    const leaf = await this.#options.dial(source.address, source.ticket, signal);
    try {
      await this.#receive({ leaf, key: source.key }, signal);
    } finally {
      leaf.close();
    }
  }

  async #receive(checked: CheckedSource, signal: AbortSignal): Promise<void> {
    const { followerId, address, partition } = this.#options;
    const { leaf, key } = checked;
    // AbortSignal.any is asked at every step here, and looks at its sources each time.
    const over = new AbortController();
    const connected = over.signal;
    const stop = (): void => over.abort(signal.reason);
    let failure: { readonly error: unknown } | null = null;
    const subscription = openSubscription({
      ...this.#options,
      leaf,
      key,
      signal: connected,
      apply: (frames) =>
        this.#applied(this.#applier.applyBatch(frames), frames.length, subscription),
      onFailure: (error) => {
        failure ??= { error };
        over.abort(error);
      },
    });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await partition.harden();
      const request = {
        key,
        followerId,
        address,
        position: this.#applier.position,
        resume: this.#applier.resume,
        anew: abandoned.isSet(partition),
        synchronous: partition.role === 'replica',
        inParts: true,
      };
      this.#checked = checked;
      for await (const item of leaf.stream('subscribe', request, connected)) {
        if (connected.aborted) break;
        await this.#take(item, subscription);
        if (this.#state.name === 'diverged') return;
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      await subscription.intake.drain();
      await subscription.hardener.drain();
      signal.removeEventListener('abort', stop);
      over.abort();
      this.#checked = null;
      await this.#check?.stop();
    }
    if (failure !== null) throw failure.error;
  }

  async #take(item: SubscribeItem, subscription: Subscription): Promise<void> {
    switch (item.kind) {
      case 'records from':
        this.#expect(this.#state.take('records from'), item);
        await this.#applier.discardSnapshot();
        return;
      case 'snapshot':
        this.#expect(this.#state.take('snapshot'), item);
        this.#noteLetGo(item.reason);
        if (this.#applier.position.lsn > 0n) {
          const sentence = 'The primary no longer keeps what is missing here: a snapshot comes.';
          this.#options.logger.warn(sentence, { lsn: this.#applier.position.lsn });
        }
        await this.#applier.beginSnapshot(item);
        return;
      case 'snapshot chunk':
        await this.#takeChunk(item);
        return;
      case 'snapshot end':
        await this.#install(item, subscription);
        return;
      case 'diverged':
        this.#expect(this.#state.take('diverged'), item);
        this.#lastError = divergence(this.#options.partition.name, item).message;
        this.#options.logger.error('link diverged', { reason: item.reason });
        return;
      case 'records':
        this.#expect(this.#state.name === 'streaming', item);
        this.#progress.received(item.frames.length);
        await subscription.intake.take(item.frames);
        return;
      case 'record part':
        this.#expect(this.#state.name === 'streaming', item);
        this.#progress.received(item.bytes.length);
        await subscription.intake.alone(async () => {
          await subscription.hardener.drain();
          await this.#applied(this.#applier.applyPart(item), item.bytesTotal, subscription);
        });
        return;
      case 'check':
        this.#expect(this.#state.name === 'streaming', item);
        await subscription.intake.drain();
        if (this.#checked !== null) await this.#check?.begin(item, this.#checked);
        return;
      case 'heartbeat':
        this.#expect(this.#state.name === 'streaming', item);
        await this.#takeHeartbeat(item, subscription);
        return;
      default:
        // The other end is a newer node, or none of ours: what it says has no meaning here.
        throw databaseError('linkProtocol', { reason: 'an item of an unknown kind came' });
    }
  }

  /** The primary has dropped what came after our position: everything comes anew. */
  #noteLetGo(reason: string): void {
    if (reason === '') return;
    this.#lastError = `the primary no longer has the next record (${reason}): a snapshot follows`;
    this.#options.logger.warn('link begins anew from a snapshot', { reason });
  }

  async #takeChunk(item: SubscribeItem & { kind: 'snapshot chunk' }): Promise<void> {
    const { download } = this.#applier;
    this.#expect(this.#state.name === 'snapshot' && download !== null, item);
    try {
      await download?.append(item.offset, item.compressed);
    } catch (error) {
      // What has come cannot be trusted: the next attempt begins a new one.
      await this.#applier.discardSnapshot();
      throw error;
    }
    this.#progress.received(item.compressed.length);
  }

  async #install(item: SubscribeItem, subscription: Subscription): Promise<void> {
    const { download } = this.#applier;
    this.#expect(this.#state.name === 'snapshot', item);
    if (download === null) return;
    const position = await this.#applier.installSnapshot(download);
    await abandoned.remove(this.#options.partition);
    this.#progress.replaced(position.lsn);
    this.#state.take('snapshot installed');
    subscription.acknowledger.confirm(position.lsn);
    this.#options.logger.info('snapshot installed', { lsn: position.lsn });
  }

  /** `reached`: null where more of a record is to come. */
  async #applied(
    reached: Promise<Position | null>,
    bytes: number,
    subscription: Subscription,
  ): Promise<void> {
    const position = await reached;
    if (position === null) return;
    this.#progress.applied(position, bytes);
    await subscription.hardener.applied(position.lsn, bytes);
    if (subscription.firstTail !== null) await this.#applier.provisionedAt(subscription.firstTail);
    this.#prosper();
  }

  async #takeHeartbeat(
    item: SubscribeItem & { kind: 'heartbeat' },
    subscription: Subscription,
  ): Promise<void> {
    this.#progress.heartbeat(item);
    subscription.firstTail ??= item.lsn;
    await this.#applier.provisionedAt(subscription.firstTail);
    this.#prosper();
    if (this.#checked !== null) await this.#check?.tick(this.#checked);
  }

  #expect(inPlace: boolean, item: SubscribeItem): void {
    if (inPlace) return;
    const reason = `'${item.kind}' came while the link was ${this.#state.name}`;
    throw databaseError('linkProtocol', { reason });
  }

  /** It works: the next trouble is waited out shortly again. */
  #prosper(): void {
    this.#backoffMs = backoffMsMin;
    this.#lastError = '';
  }

  #stumble(error: unknown): void {
    const { logger } = this.#options;
    this.#lastError = error instanceof Error ? error.message : String(error);
    if (isDamage(error)) {
      this.#state.take('damaged');
      logger.error('link failed: what came does not continue our log', {}, error);
    } else {
      this.#state.take('trouble');
      logger.warn('link in trouble', { backoffMs: this.#backoffMs }, error);
    }
  }

  /** False when the link was stopped meanwhile. */
  async #backOff(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const ms = Math.ceil(this.#backoffMs / 2) + clock.random(Math.ceil(this.#backoffMs / 2));
    this.#backoffMs = Math.min(this.#backoffMs * 2, backoffMsMax);
    try {
      await clock.sleep(ms, signal);
      return true;
    } catch {
      return false;
    }
  }
}
