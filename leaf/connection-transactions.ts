// The open transactions that came by one connection: when it ends, nobody is left to end them.

import type { LeafCalls, LeafService } from '#shared/wire/message.ts';

type Held = LeafCalls['rollback']['request'];

/** Calls after which this leaf holds nothing of the transaction that a rollback could undo. */
const endings = new Set(['commit', 'rollback', 'decide']);

export class ConnectionTransactions {
  readonly #leaf: LeafService;
  readonly #held = new Map<string, Held>();

  constructor(leaf: LeafService) {
    this.#leaf = leaf;
  }

  /** Notes a request as it comes from the network: one that is malformed is refused elsewhere. */
  note(name: string, request: unknown): void {
    const isTask = name === 'write' || (name === 'read' && isForUpdate(request));
    if (!isTask && !endings.has(name)) return;
    const held = heldBy(request);
    if (held === null) return;
    if (isTask) this.#held.set(nameOf(held), held);
    else this.#held.delete(nameOf(held));
  }

  /**
   * Rolls back what is open. One that is prepared stays: only its verdict ends it, and the
   * aggregator that is there next asks for that.
   */
  async rollBackAll(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    await Promise.allSettled(held.map((request) => this.#leaf.call('rollback', request)));
  }
}

function nameOf({ key, transactionId }: Held): string {
  return `${key.database}/${key.ordinal}/${transactionId}`;
}

function isForUpdate(request: unknown): boolean {
  return (request as { forUpdate?: unknown } | null)?.forUpdate === true;
}

/** The transaction of a task, or of a call that ends one; null where there is none. */
function heldBy(request: unknown): Held | null {
  if (typeof request !== 'object' || request === null) return null;
  const { key, transaction, transactionId } = request as {
    readonly key?: { readonly database?: unknown; readonly ordinal?: unknown } | null;
    readonly transaction?: { readonly id?: unknown } | null;
    readonly transactionId?: unknown;
  };
  const id = transaction?.id ?? transactionId;
  const { database, ordinal } = key ?? {};
  if (typeof database !== 'string' || typeof ordinal !== 'number') return null;
  return typeof id === 'string' ? { key: { database, ordinal }, transactionId: id } : null;
}
