// A circle of waits is broken when it closes, by its youngest; no timer fires in these tests.

import test, { type ExecutionContext } from 'ava';
import { LockWaits } from '#shared/lock-waits.ts';
import { patientClaim, type LockClaim } from '#shared/lock-claim.ts';
import { WriteLock } from '#leaf/partition/write-lock.ts';
import { must } from '#shared/assert.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const clock: Clock = { ...realClock, after: () => ({ cancel: () => undefined }) };

function locks(count: number): WriteLock[] {
  const waits = new LockWaits();
  return Array.from({ length: count }, () => new WriteLock(clock, waits));
}

/** A transaction of that age, which gives its locks back when it is rolled back. */
class Tester {
  readonly #claims = new Map<WriteLock, LockClaim>();
  readonly #age: number;
  wounds = 0;

  constructor(age: number) {
    this.#age = age;
  }

  /** `got`, or why not. */
  async lock(lock: WriteLock): Promise<string> {
    const claim: LockClaim = {
      transaction: `t${this.#age}`,
      startedAt: BigInt(this.#age),
      wound: () => {
        this.wounds += 1;
        lock.release(claim);
      },
    };
    try {
      await lock.acquire(claim, null);
      this.#claims.set(lock, claim);
      return 'got';
    } catch (error) {
      return error instanceof DatabaseError ? String(error.errno) : String(error);
    }
  }

  has(lock: WriteLock): boolean {
    return this.#claims.has(lock);
  }

  end(): void {
    for (const [lock, claim] of this.#claims) lock.release(claim);
    this.#claims.clear();
  }
}

function testers(...ages: readonly number[]): Tester[] {
  return ages.map((age) => new Tester(age));
}

async function isPending(t: ExecutionContext, ...promises: readonly Promise<string>[]) {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  for (const promise of promises) t.is(await Promise.race([promise, 'pending']), 'pending');
}

test('of two that want what the other has, the younger is refused, and lets go', async (t) => {
  for (const lastIsOlder of [true, false]) {
    const [a, b] = locks(2) as [WriteLock, WriteLock];
    const [older, younger] = testers(1, 2) as [Tester, Tester];
    t.is(await older.lock(a), 'got');
    t.is(await younger.lock(b), 'got');
    const [first, second] = lastIsOlder
      ? [() => younger.lock(a), () => older.lock(b)]
      : [() => older.lock(b), () => younger.lock(a)];
    const one = first();
    await isPending(t, one);
    const other = second();
    t.deepEqual(await Promise.all(lastIsOlder ? [other, one] : [one, other]), ['got', '1213']);
    t.is(younger.wounds, 1);
    t.is(older.wounds, 0);
  }
});

test('a circle of four is broken by its youngest alone', async (t) => {
  const ring = locks(4);
  const all = testers(3, 1, 4, 2);
  for (const [at, tester] of all.entries()) t.is(await tester.lock(must(ring[at])), 'got');
  const waits = all.map((tester, at) => tester.lock(must(ring[(at + 1) % 4])));
  t.is(await waits[2], '1213');
  // Who has waited for the youngest has its lock now; the others wait for each other in a row.
  t.is(await waits[1], 'got');
  await isPending(t, must(waits[0]), must(waits[3]));
  must(all[1]).end();
  t.is(await waits[0], 'got');
  must(all[0]).end();
  t.is(await waits[3], 'got');
});

test('who waits in a row is left alone, whatever its age', async (t) => {
  const [a, b] = locks(2) as [WriteLock, WriteLock];
  const [one, two, three] = testers(3, 1, 2) as [Tester, Tester, Tester];
  await one.lock(a);
  await two.lock(b);
  const waits = [three.lock(a), one.lock(b)];
  await isPending(t, ...waits);
  two.end();
  t.is(await waits[1], 'got');
  one.end();
  t.is(await waits[0], 'got');
});

test('a circle may be closed by who comes to hold a lock', async (t) => {
  const [a, b, c] = locks(3) as [WriteLock, WriteLock, WriteLock];
  const [one, two, three] = testers(2, 1, 3) as [Tester, Tester, Tester];
  await one.lock(a);
  await two.lock(b);
  await three.lock(c);
  // A statement on two partitions: the second waits for both, the first for one of the same.
  const twice = [two.lock(a), two.lock(c)];
  const onC = one.lock(c);
  await isPending(t, ...twice, onC);
  // The oldest gets it, waits on for the other, and is waited for.
  three.end();
  t.is(await onC, '1213');
  t.deepEqual(await Promise.all(twice), ['got', 'got']);
  t.is(one.wounds, 1);
});

test('who holds one lock only is in no circle', async (t) => {
  const [a, b] = locks(2) as [WriteLock, WriteLock];
  const [one] = testers(1) as [Tester];
  const patient = patientClaim(2n);
  t.true(b.tryAcquire(patient));
  await one.lock(a);
  const waits = one.lock(b);
  const other = a.acquire(patientClaim(0n), null);
  await isPending(t, waits);
  b.release(patient);
  t.is(await waits, 'got');
  one.end();
  await other;
  t.pass();
});

test('whoever wants whatever, all come to an end, and some get all that they want', async (t) => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = seededRandom(seed);
    const all = locks(5);
    let finished = 0;
    const lives = Array.from({ length: 12 }, async (_, age) => {
      const tester = new Tester(age);
      for (let step = 0; step < 3; step += 1) {
        const wanted = all.filter((lock) => !tester.has(lock));
        const lock = must(wanted[random(wanted.length)]);
        if ((await tester.lock(lock)) !== 'got') return tester.end();
      }
      finished += 1;
      tester.end();
    });
    await Promise.all(lives);
    t.true(finished > 0, `seed ${seed}`);
  }
});
