// Tells the log sender how far we are: one call at a time, always the newest position.
//
// Whoever commits waits for a synchronous copy, and for nobody else: those tell a little later what
// has come meanwhile, too, which spares both sides a message for each record.

import type { Clock } from '#shared/clock.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LeafService } from '#shared/wire/message.ts';

/** Between two words of a copy that nobody waits for, in milliseconds. */
const SPACING_MS = 250;

export interface AcknowledgerOptions {
  readonly leaf: LeafService;
  /** The partition at the primary. */
  readonly key: PartitionKey;
  readonly followerId: string;
  /** Commits of the primary wait for us. */
  readonly synchronous: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The connection is of no more use. */
  readonly onFailure: (error: unknown) => void;
}

/** Lives as long as one connection. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  #wanted: LSN = 0n;
  #told: LSN = 0n;
  #telling = false;

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
  }

  /** Everything up to `lsn` is applied, durably. Does not wait. */
  confirm(lsn: LSN): void {
    this.#wanted = lsn;
    if (!this.#telling) void this.#tell();
  }

  async #tell(): Promise<void> {
    const { leaf, key, followerId, synchronous, clock, signal, onFailure } = this.#options;
    this.#telling = true;
    try {
      while (this.#told < this.#wanted && !signal.aborted) {
        const lsn = this.#wanted;
        await leaf.call('acknowledge', { key, followerId, lsn, newest: false }, signal);
        this.#told = lsn;
        if (!synchronous) await clock.sleep(SPACING_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    } finally {
      this.#telling = false;
    }
  }
}
