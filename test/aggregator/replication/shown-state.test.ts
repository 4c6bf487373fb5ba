// A database's state is that of the partition which is worst off.

import test from 'ava';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { shownState } from '#aggregator/replication/leaf-statuses.ts';
import type { DatabaseState } from '#shared/cluster/topology.ts';
import type { LinkStatus, PartitionStatus } from '#shared/wire/message.ts';

type Copy = readonly [PartitionStatus['state'], LinkStatus['state'] | null];

const serving: Copy = ['replicating', 'streaming'];

/** Of a database of two partitions in that state; the first is as told, the other serves. */
function shown(state: DatabaseState, ...copies: readonly Copy[]) {
  const database = { state, placements: [{}, {}] } as unknown as DatabaseDefinition;
  const masters = copies.map(([own, link]) => {
    return { state: own, link: link === null ? null : { state: link } } as PartitionStatus;
  });
  return shownState(database, masters);
}

test('shown state: of a database that follows', (t) => {
  t.is(shown('replicating', serving, serving), 'replicating');
  t.is(shown('replicating', ['unrecoverable', null], serving), 'unrecoverable');
  t.is(shown('replicating', serving), 'offline');
  t.is(shown('replicating', ['recovering', null], serving), 'recovering');
  t.is(shown('replicating', ['recovering', 'snapshot'], serving), 'recovering');
  t.is(shown('replicating', ['replicating', 'failed'], ['replicating', 'diverged']), 'diverged');
  t.is(shown('replicating', ['replicating', 'failed'], serving), 'failed');
  t.is(
    shown('replication paused', ['replication paused', 'paused'], serving),
    'replication paused',
  );
});

test('shown state: a first copy that takes a snapshot in is no leaf that starts', (t) => {
  t.is(shown('provisioning', ['recovering', 'snapshot'], serving), 'provisioning');
  t.is(shown('provisioning', ['recovering', null], serving), 'recovering');
  t.is(shown('provisioning', ['provisioning', 'snapshot'], serving), 'provisioning');
});
