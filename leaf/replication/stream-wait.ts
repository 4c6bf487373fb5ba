// What a follower's stream waits for when it has sent all there is: a record, or a heartbeat.
//
// One timer from heartbeat to heartbeat, however many records come meanwhile.

import type { Clock, Timer } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Log } from '#leaf/log/log.ts';
import type { ConnectedFollower } from './connected-follower.ts';

/** Lives as long as one stream. */
export class StreamWait {
  readonly #clock: Clock;
  readonly #follower: ConnectedFollower;
  /** Fires when the heartbeat is due, or the follower's own wish. */
  #due: AbortController | null = null;
  #timer: Timer | null = null;
  readonly #wake = (): void => this.#due?.abort();

  constructor(clock: Clock, follower: ConnectedFollower) {
    this.#clock = clock;
    this.#follower = follower;
    follower.wakeStream = this.#wake;
    follower.ended.addEventListener('abort', this.#wake, { once: true });
  }

  /** Resolves when a record after `lsn` is sendable, or there is another reason to look. */
  async after(log: Log, lsn: LSN, heartbeatInMs: number): Promise<void> {
    const due = (this.#due ??= this.#begin(heartbeatInMs));
    if (this.#follower.ended.aborted || this.#follower.checkAsked) due.abort();
    await log.waitAfter(lsn, due.signal);
    if (due.signal.aborted) this.beat();
  }

  /** A heartbeat was sent, or is due: the next wait is for another. */
  beat(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#due = null;
  }

  end(): void {
    this.beat();
    this.#follower.ended.removeEventListener('abort', this.#wake);
  }

  #begin(ms: number): AbortController {
    this.#timer = this.#clock.after(ms, this.#wake);
    return new AbortController();
  }
}
