// Tells the log sender how far we are: one call at a time, always the newest position.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LeafService } from '#shared/wire/message.ts';

export interface AcknowledgerOptions {
  readonly leaf: LeafService;
  /** The partition at the primary. */
  readonly key: PartitionKey;
  readonly followerId: string;
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
    const { leaf, key, followerId, signal, onFailure } = this.#options;
    this.#telling = true;
    try {
      while (this.#told < this.#wanted && !signal.aborted) {
        const lsn = this.#wanted;
        await leaf.call('acknowledge', { key, followerId, lsn }, signal);
        this.#told = lsn;
      }
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    } finally {
      this.#telling = false;
    }
  }
}
