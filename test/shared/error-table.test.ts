// The numbers of errors: what a client's library makes of them before its user sees anything.

import test from 'ava';
import { DatabaseError, databaseError, errorNameOf } from '#shared/error.ts';
import { errorTable } from '#shared/error-table.ts';
import { decodePeerMessage, encodePeerMessage } from '#shared/wire/peer-message.ts';

test('errors: no number is one that client libraries keep for errors of their own', (t) => {
  // MariaDB's library answers such a packet of a server with "Received malformed packet".
  const own = Object.entries(errorTable).filter(
    ([, { errno }]) => (errno >= 2000 && errno < 3000) || errno >= 5000,
  );
  t.deepEqual(own, []);
});

test('errors: of several with one number each is itself, on the other side of a wire too', (t) => {
  const moved = databaseError('partitionMoved', { partition: 'shop_0', to: 'a:1' });
  const frame = encodePeerMessage({ kind: 'error', id: 1, error: moved.toWire() });
  const message = decodePeerMessage(frame);
  const told = message.kind === 'error' ? new DatabaseError(message.error) : moved;
  t.not(told, moved);
  for (const error of [moved, told]) {
    t.true(error.is('partitionMoved'));
    t.true(error.is('deadlock', 'partitionMoved'));
    t.false(error.is('partitionNotOnline', 'databasePending'));
    t.is(error.errno, errorTable.partitionNotOnline.errno);
  }
  // A node of another version has entries that we have not, and may not tell them at all.
  t.is(errorNameOf('entryOfLater'), null);
  t.is(errorNameOf('constructor'), null);
  const older = new DatabaseError({ ...moved.toWire(), entry: null });
  t.true(older.is('partitionMoved') && older.is('partitionNotOnline'));
  t.false(older.is('deadlock'));
});
