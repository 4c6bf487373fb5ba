// The locks of GET_LOCK at a child aggregator: the master keeps them. When the master is lost, so
// are they, and the clients that held them are ended, as they would be by the end of a server.

import type { UserLockRequest, UserLocks } from '#aggregator/aggregator-context.ts';
import { databaseError } from '#shared/error.ts';
import type { MasterService } from '#shared/wire/message.ts';

/** How often each lock is held, by its name, as the holder was told. */
type Held = Map<string, number>;

export class FollowedUserLocks implements UserLocks {
  readonly #held = new Map<number, Held>();
  readonly #disconnect: (holder: number) => void;
  #master: MasterService | null = null;

  /** `disconnect` ends the connection of that id. */
  constructor(disconnect: (holder: number) => void) {
    this.#disconnect = disconnect;
  }

  /** Keeps locks for as long as the connection to the master lives. */
  async follow(master: MasterService, nodeId: number, signal: AbortSignal): Promise<void> {
    this.#master = master;
    try {
      for await (const nothing of master.stream('userLocks', { nodeId }, signal)) void nothing;
    } finally {
      this.#master = null;
      for (const [holder, held] of this.#held) {
        if (held.size > 0) this.#disconnect(holder);
      }
      this.#held.clear();
    }
    throw databaseError('masterUnreachable', {});
  }

  async acquire(request: UserLockRequest, signal: AbortSignal): Promise<boolean> {
    const { holder, name } = request;
    const master = this.#connected();
    try {
      for await (const { granted } of master.stream('getUserLock', request, signal)) {
        if (granted) this.#count(holder, name, 1);
        return granted;
      }
    } catch (error) {
      await this.#takeBack(master, holder, name);
      throw error;
    }
    throw databaseError('masterUnreachable', {});
  }

  async release(holder: number, name: string): Promise<boolean | null> {
    const { released } = await this.#connected().call('releaseUserLock', { holder, name });
    if (released === true) this.#count(holder, name, -1);
    return released;
  }

  /** Where the master is away it has released them, or will. */
  async releaseAll(holder: number): Promise<number> {
    this.#held.delete(holder);
    if (this.#master === null) return 0;
    const { count } = await this.#master.call('releaseUserLocks', { holder });
    return count;
  }

  async holderOf(name: string): Promise<number | null> {
    return (await this.#connected().call('userLockHolder', { name })).holder;
  }

  /** What was given while we stopped waiting for it. */
  async #takeBack(master: MasterService, holder: number, name: string): Promise<void> {
    if (this.#master !== master) return;
    const count = this.#held.get(holder)?.get(name) ?? 0;
    await master.call('settleUserLock', { holder, name, count });
  }

  #connected(): MasterService {
    if (this.#master === null) throw databaseError('masterUnreachable', {});
    return this.#master;
  }

  #count(holder: number, name: string, change: number): void {
    const held: Held = this.#held.get(holder) ?? new Map<string, number>();
    const count = (held.get(name) ?? 0) + change;
    if (count > 0) held.set(name, count);
    else held.delete(name);
    this.#held.set(holder, held);
  }
}
