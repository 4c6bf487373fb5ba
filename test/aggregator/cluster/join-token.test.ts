// Tokens come back whole, or not at all; a cluster keeps its identity to itself.

import test from 'ava';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClusterIdentity, readClusterIdentity } from '#aggregator/cluster/cluster-identity.ts';
import { makeJoinToken, readJoinToken } from '#aggregator/cluster/join-token.ts';
import { realClock } from '#shared/clock.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const identity = { clusterId: '00112233445566ff', secret: new Uint8Array(32).fill(9) };

test('join-token: the identity comes back', (t) => {
  t.deepEqual(readJoinToken(makeJoinToken(identity)), identity);
});

test('join-token: what is cut, changed or something else is no token', (t) => {
  const token = makeJoinToken(identity);
  t.is(readJoinToken(token.slice(0, -1)), null);
  t.is(readJoinToken(`${token}A`), null);
  t.is(readJoinToken(''), null);
  t.is(readJoinToken('twinleaf1_'), null);
  const changed = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
  t.is(readJoinToken(changed), null);
});

test('cluster-identity: made once, kept, readable by its owner alone', (t) => {
  const dataDir = temporaryDirectory(t);
  t.is(readClusterIdentity(dataDir), null);
  const first = openClusterIdentity(dataDir, realClock);
  t.regex(first.clusterId, /^[0-9a-f]{16}$/);
  t.is(first.secret.length, 32);
  t.deepEqual(openClusterIdentity(dataDir, realClock), first);
  t.is(statSync(join(dataDir, 'cluster.json')).mode & 0o777, 0o600);
  const another = openClusterIdentity(temporaryDirectory(t), realClock);
  t.notDeepEqual(another, first);
});

test('cluster-identity: a damaged file is said to be, and never replaced', (t) => {
  const dataDir = temporaryDirectory(t);
  writeFileSync(join(dataDir, 'cluster.json'), '{"clusterId":');
  t.throws(() => openClusterIdentity(dataDir, realClock), { message: /damaged/ });
});
