// A sealed password opens for its cluster and its database, and for nobody else.

import test from 'ava';
import { openPassword, sealPassword } from '#aggregator/replication/seal-password.ts';
import { realClock as clock } from '#shared/clock.ts';

const clusterSecret = new Uint8Array(32).fill(1);
const sealed = sealPassword({ clusterSecret, database: 'shop', password: 'größte', clock });

test('sealed password: opens where it was sealed, and shows nothing', (t) => {
  t.is(openPassword(clusterSecret, 'shop', sealed), 'größte');
  t.false(Buffer.from(sealed).includes('gr'));
  const again = sealPassword({ clusterSecret, database: 'shop', password: 'größte', clock });
  t.notDeepEqual(again, sealed);
});

test('sealed password: not for another cluster or database, nor when it was changed', (t) => {
  t.throws(() => openPassword(new Uint8Array(32), 'shop', sealed), { message: /cannot be read/ });
  t.throws(() => openPassword(clusterSecret, 'bank', sealed), { message: /cannot be read/ });
  const changed = Uint8Array.from(sealed);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  t.throws(() => openPassword(clusterSecret, 'shop', changed), { message: /cannot be read/ });
  t.throws(() => openPassword(clusterSecret, 'shop', new Uint8Array(3)));
});
