// Makes what a link has applied durable, and says so: one sync for all that has come meanwhile.
//
// What comes over a link is on the primary's disk, so it may be read here before it is on ours: a
// reader does not wait for a second disk. The primary is told when it is on ours, and keeps it
// until then; what a power cut takes comes again.

import type { LSN } from '#shared/log/lsn.ts';

/** More bytes than these are not applied before they are durable. */
const UNSYNCED_BYTES_MAX = 4 * 1024 * 1024;

export interface HardenerOptions {
  /** Resolves when all that is applied by now is durable. */
  readonly harden: () => Promise<void>;
  /** Everything up to `lsn` is durable. */
  readonly onDurable: (lsn: LSN) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Lives as long as one subscription. */
export class Hardener {
  readonly #options: HardenerOptions;
  #newest: LSN = 0n;
  /** Applied, and not known to be durable. */
  #bytes = 0;
  #running: Promise<void> | null = null;

  constructor(options: HardenerOptions) {
    this.#options = options;
  }

  /** Everything up to `lsn` is applied, `bytes` more; resolves when more may be. */
  async applied(lsn: LSN, bytes: number): Promise<void> {
    this.#newest = lsn;
    this.#bytes += bytes;
    this.#running ??= this.#run();
    if (this.#bytes > UNSYNCED_BYTES_MAX) await this.drain();
  }

  /** Resolves when all that was applied is durable, or that has failed. */
  async drain(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    const { harden, onDurable, onFailure } = this.#options;
    try {
      while (this.#bytes > 0) {
        const [lsn, bytes] = [this.#newest, this.#bytes];
        await harden();
        this.#bytes -= bytes;
        onDurable(lsn);
      }
    } catch (error) {
      this.#bytes = 0;
      onFailure(error);
    } finally {
      this.#running = null;
    }
  }
}
