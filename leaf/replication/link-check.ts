// Secondary side of a check: asked for, begun when the stream says so, run beside it, reported.
//
//     due or asked for → `askCheck` to the primary → the primary opens a snapshot, sends what comes
//     before it, then a `check` item → we open ours at once, at that very position → both are read
//     while records go on → compared → closed
//
// Nobody's writes wait: the stream stands still only while our own snapshot is opened.

import type { Clock } from '#shared/clock.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { samePosition } from '#shared/log/log-frame.ts';
import type { Logger } from '#shared/logger.ts';
import type { CheckItem, CheckReport, CheckSummary } from '#shared/wire/content-message.ts';
import type { LeafService } from '#shared/wire/message.ts';
import type { ContentReader, ContentSnapshot } from '#leaf/partition/content-reader.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { differingRows, differingTables, type Sides } from './compare-content.ts';

/** So often a check is begun again when both sides did not meet, or the connection was lost. */
const attemptsMax = 10;

/** How the links of one leaf check themselves. */
export interface CheckSettings {
  readonly content: ContentReader;
  /** Between two checks of one link by itself, in milliseconds; 0: only when one is asked for. */
  readonly intervalMs: number;
}

export interface LinkCheckOptions extends CheckSettings {
  readonly partition: Partition;
  readonly followerId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The primary's leaf, as long as a connection to it lives. */
export interface CheckedSource {
  readonly leaf: LeafService;
  readonly key: PartitionKey;
}

const nothing: Omit<CheckReport, 'number'> = {
  result: 'asked',
  lsn: 0n,
  endedMs: 0,
  differences: 0,
  reason: '',
  tables: [],
  rows: [],
  isComplete: true,
};

/** The checks of one link, at most one at a time. */
export class LinkCheck {
  readonly #options: LinkCheckOptions;
  #report: CheckReport | null = null;
  #withRows = false;
  /** What is to be asked of the primary at the next opportunity. */
  #wanted = false;
  #attempts = 0;
  /** Our snapshot, while it is compared. */
  #running: ContentSnapshot | null = null;
  #dueMs: number;

  constructor(options: LinkCheckOptions) {
    this.#options = options;
    // At different moments for different links.
    const { clock, intervalMs } = options;
    const spread = intervalMs === 0 ? 0 : clock.random(Math.ceil(intervalMs / 2));
    this.#dueMs = clock.monotonicMs() + intervalMs / 2 + spread;
  }

  /** The last check; null before the first. */
  get report(): CheckReport | null {
    return this.#report;
  }

  get summary(): CheckSummary | null {
    if (this.#report === null) return null;
    const { result, lsn, endedMs, differences, reason } = this.#report;
    return { result, lsn, endedMs, differences, reason };
  }

  /** Asks for a check; answers its number. One that runs goes on, and this one follows it. */
  ask(withRows: boolean): number {
    const number = (this.#report?.number ?? 0) + 1;
    this.#withRows = withRows;
    this.#wanted = true;
    this.#attempts = 0;
    if (this.#running === null) this.#report = { ...nothing, number };
    return number;
  }

  /** Called from time to time while records come: asks the primary when a check is due. */
  async tick(source: CheckedSource): Promise<void> {
    const { clock, intervalMs, followerId, partition } = this.#options;
    if (this.#running !== null || !partition.provisioned) return;
    if (intervalMs > 0 && clock.monotonicMs() >= this.#dueMs && !this.#wanted) this.ask(false);
    if (!this.#wanted) return;
    this.#wanted = false;
    const { leaf, key } = source;
    try {
      await leaf.call('askCheck', { key, followerId });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The primary's snapshot is of `item.position`, and so is what we have applied. */
  async begin(item: CheckItem, source: CheckedSource): Promise<void> {
    if (this.#running !== null) return;
    const { content, partition } = this.#options;
    try {
      const here = await content.open(partition.filePath);
      if (samePosition(here.position, item.position)) {
        this.#running = here;
        void this.#run(item, here, source);
        return;
      }
      await here.close();
      void this.#closeThere(item, source);
      this.#again('both sides were never at one position');
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The connection is lost, or the link stops: gives up what runs. */
  async stop(): Promise<void> {
    await this.#running?.close();
    // Whoever asked before the primary could answer is served by the next connection.
    if (this.#running === null && this.#report?.result === 'asked' && !this.#wanted) {
      this.#again('the connection to the primary was lost');
    }
  }

  async #run(item: CheckItem, here: ContentSnapshot, source: CheckedSource): Promise<void> {
    const { followerId, clock } = this.#options;
    const { leaf, key } = source;
    const number = (this.#report?.number ?? 0) + (this.#report?.endedMs === 0 ? 0 : 1);
    const { lsn } = item.position;
    this.#report = { ...nothing, number, result: 'running', lsn };
    const withRows = this.#withRows;
    const sides: Sides = {
      primary: (ask) => leaf.call('checkContent', { key, followerId, checkId: item.id, ask }),
      secondary: (ask) => here.ask(ask),
      tables: here.tables,
    };
    try {
      const tables = await differingTables(sides);
      const found = withRows ? await differingRows(sides, tables) : null;
      const result = tables.length === 0 ? 'equal' : 'different';
      const { rows, isComplete } = found ?? { rows: [], isComplete: tables.length === 0 };
      const more = { tables, rows, isComplete, differences: tables.length };
      this.#report = { ...nothing, number, lsn, result, endedMs: clock.now(), ...more };
      if (result === 'different') this.#warn();
    } catch (error) {
      this.#again(error instanceof Error ? error.message : String(error));
    } finally {
      this.#running = null;
      this.#dueMs = clock.monotonicMs() + this.#options.intervalMs;
      await here.close();
      void this.#closeThere(item, source);
    }
  }

  async #closeThere({ id }: CheckItem, { leaf, key }: CheckedSource): Promise<void> {
    const { followerId } = this.#options;
    const request = { key, followerId, checkId: id, ask: { kind: 'close' } } as const;
    await Promise.allSettled([leaf.call('checkContent', request)]);
  }

  #again(reason: string): void {
    this.#attempts += 1;
    if (this.#attempts < attemptsMax) this.#wanted = true;
    else this.#fail(databaseError('linkProtocol', { reason }));
  }

  #fail(error: unknown): void {
    const { clock, logger, intervalMs } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    const number = this.#report?.number ?? 1;
    this.#report = { ...nothing, number, result: 'failed', endedMs: clock.now(), reason };
    this.#dueMs = clock.monotonicMs() + intervalMs;
    logger.warn('a secondary could not be compared with its primary', { reason });
  }

  #warn(): void {
    const { logger } = this.#options;
    const { lsn, tables } = this.#report ?? nothing;
    const names = tables.map(({ table }) => table).join(', ');
    logger.warn('a secondary differs from its primary', { lsn, tables: names });
  }
}
