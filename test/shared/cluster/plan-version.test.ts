// What a task was planned for: no two databases of one name ever come to the same number.

import test from 'ava';
import { catalogVersionOf, planVersion } from '#shared/cluster/plan-version.ts';
import { databaseError } from '#shared/error.ts';

test('plan version: a database that was never numbered is told by its version alone', (t) => {
  t.is(planVersion({ catalogVersion: 7 }), 7);
  t.is(catalogVersionOf(7), 7);
});

test('plan version: the same version of another database is another number', (t) => {
  const [first, second] = [1, 2].map((incarnation) =>
    planVersion({ incarnation, catalogVersion: 7 }),
  );
  t.not(first, second);
  t.deepEqual([first, second].map(Number).map(catalogVersionOf), [7, 7]);
  t.true(Number.isSafeInteger(planVersion({ incarnation: 2 ** 28, catalogVersion: 2 ** 24 - 1 })));
});

test('plan version: a refusal speaks of versions, and of another database', (t) => {
  const partition = 'shop:0';
  const messageOf = (have: number, want: number): string =>
    databaseError('catalogMismatch', { partition, have, want }).message;
  const at = (incarnation: number, catalogVersion: number): number =>
    planVersion({ incarnation, catalogVersion });
  t.is(
    messageOf(at(3, 2), at(3, 1)),
    'Partition shop:0 is at catalog version 2, the plan was made for 1',
  );
  t.is(
    messageOf(at(4, 1), at(3, 1)),
    'Partition shop:0 is at catalog version 1, the plan was made for 1 of another database',
  );
});
