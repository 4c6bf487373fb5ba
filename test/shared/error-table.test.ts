// The numbers of errors: what a client's library makes of them before its user sees anything.

import test from 'ava';
import { errorTable } from '#shared/error-table.ts';

test('errors: no number is one that client libraries keep for errors of their own', (t) => {
  // MariaDB's library answers such a packet of a server with "Received malformed packet".
  const own = Object.entries(errorTable).filter(
    ([, { errno }]) => (errno >= 2000 && errno < 3000) || errno >= 5000,
  );
  t.deepEqual(own, []);
});
