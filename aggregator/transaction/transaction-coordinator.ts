// Begins transactions, and knows those of this aggregator that are still alive.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import { noCoordinatorFailpoint, type CoordinatorFailpoint } from './failpoint.ts';
import { KnownLocks } from './known-locks.ts';
import { InDoubtRecovery } from './resolve-in-doubt.ts';
import { Transaction } from './transaction.ts';
import { WriteGroups } from './write-groups.ts';

/** Bits of the hybrid logical clock's counter below its milliseconds. */
const COUNTER_BITS = 16n;

export class TransactionCoordinator {
  readonly #context: AggregatorContext;
  readonly #prefix: string;
  readonly #live = new Set<string>();
  readonly #locks = new KnownLocks();
  readonly #failpoint: CoordinatorFailpoint;
  readonly recovery: InDoubtRecovery;
  /** The autocommit statements over several partitions. */
  readonly groups: WriteGroups;
  #counter = 0;
  #lastStartedAt = 0n;

  constructor(context: AggregatorContext, failpoint = noCoordinatorFailpoint) {
    this.#context = context;
    this.#failpoint = failpoint;
    this.#prefix = `${context.nodeId}-${context.clock.now()}`;
    this.groups = new WriteGroups(context.clock);
    this.recovery = new InDoubtRecovery(context, (id) => this.#live.has(id));
  }

  /** `startedAt` is given when a statement is tried again: its age decides who wins a deadlock. */
  begin(options: { readonly readOnly?: boolean; readonly startedAt?: bigint } = {}): Transaction {
    const id = `${this.#prefix}-${++this.#counter}`;
    this.#live.add(id);
    return new Transaction(this.#context, {
      id,
      age: () => options.startedAt ?? this.#nextMoment(),
      readOnly: options.readOnly === true,
      onEnd: () => this.#live.delete(id),
      locks: this.#locks,
      failpoint: this.#failpoint,
    });
  }

  /** Milliseconds since 1970 times 2^16, one more at least than the last one. */
  #nextMoment(): bigint {
    const now = BigInt(this.#context.clock.now()) << COUNTER_BITS;
    this.#lastStartedAt = now > this.#lastStartedAt ? now : this.#lastStartedAt + 1n;
    return this.#lastStartedAt;
  }
}
