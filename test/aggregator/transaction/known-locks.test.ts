// An aggregator sees the circles that its own transactions close, on whichever leaves they wait.

import test from 'ava';
import { KnownLocks, type WaitEnded } from '#aggregator/transaction/known-locks.ts';
import type { LockClaim } from '#shared/lock-claim.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';

const [a, b, c] = [0, 1, 2].map((ordinal) => ({ database: 'bank', ordinal })) as [
  PartitionKey,
  PartitionKey,
  PartitionKey,
];

/** A transaction of that age; it counts how often it was refused, and where. */
class Asking {
  readonly claim: LockClaim;
  readonly refused: number[] = [];
  readonly #locks: KnownLocks;

  constructor(locks: KnownLocks, age: number) {
    this.#locks = locks;
    this.claim = { transaction: `t${age}`, startedAt: BigInt(age), wound: () => undefined };
  }

  ask(key: PartitionKey): WaitEnded {
    return this.#locks.ask(key, this.claim, () => this.refused.push(key.ordinal));
  }

  take(key: PartitionKey): void {
    this.ask(key)(true);
  }

  end(...keys: readonly PartitionKey[]): void {
    this.#locks.letGo(keys, this.claim);
  }
}

/** One of each age. */
function asking<const Ages extends readonly number[]>(...ages: Ages) {
  const locks = new KnownLocks();
  return ages.map((age) => new Asking(locks, age)) as { [K in keyof Ages]: Asking };
}

/** The same, each of which has a lock. */
function holding(...ages: readonly [number, number, number]) {
  const all = asking(...ages);
  const [one, two, three] = all;
  one.take(a);
  two.take(b);
  three.take(c);
  return all;
}

test('known locks: the younger of two is refused when the circle closes, and once', (t) => {
  for (const youngerIsLast of [true, false]) {
    const [older, younger] = asking(1, 2);
    older.take(a);
    younger.take(b);
    const first = youngerIsLast ? older.ask(b) : younger.ask(a);
    t.deepEqual([...older.refused, ...younger.refused], []);
    const second = youngerIsLast ? younger.ask(a) : older.ask(b);
    t.deepEqual(older.refused, []);
    t.deepEqual(younger.refused, [a.ordinal]);
    // It has let go; the other one gets what it waits for.
    const [waits, gone] = youngerIsLast ? [first, second] : [second, first];
    gone(false);
    younger.end(b);
    waits(true);
    t.deepEqual([...older.refused, ...younger.refused], [a.ordinal]);
  }
});

test('known locks: who holds a lock is known by the answer alone', (t) => {
  const [one, two] = asking(1, 2);
  const oneOnA = one.ask(a);
  const twoOnA = two.ask(a);
  two.take(b);
  one.ask(b);
  t.deepEqual([one.refused, two.refused], [[], []], 'nobody is known to have the other lock');
  oneOnA(true);
  t.deepEqual([one.refused, two.refused], [[], [a.ordinal]]);
  // It had got the lock when it was refused: that is gone with the rest of it.
  twoOnA(true);
  two.end(a, b);
  t.deepEqual([one.refused, two.refused], [[], [a.ordinal]]);
});

test('known locks: a row of waits is no circle, nor is one whose holder has ended', (t) => {
  const [one, two, three] = holding(1, 2, 3);
  three.ask(b);
  two.ask(a);
  t.deepEqual([one.refused, two.refused, three.refused], [[], [], []]);
  three.end(c);
  one.ask(c);
  t.deepEqual([one.refused, two.refused, three.refused], [[], [], []]);
});

test('known locks: of a circle of three the youngest alone is refused', (t) => {
  const [one, two, three] = holding(2, 3, 1);
  one.ask(b);
  two.ask(c);
  three.ask(a);
  t.deepEqual([one.refused, two.refused, three.refused], [[], [c.ordinal], []]);
});
