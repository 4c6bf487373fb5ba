// A first copy is whole once every partition has what its primary had after the last snapshot.

import test from 'ava';
import { FirstCopy } from '#aggregator/replication/first-copy.ts';
import { logStart } from '#shared/log/log-frame.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';

function masters(states: Readonly<Record<number, [PartitionStatus['state'], bigint]>>) {
  return new Map(
    Object.entries(states).map(([text, [state, lsn]]) => {
      const ordinal = Number(text);
      const key = { database: 'shop', ordinal };
      return [ordinal, { key, state, tail: { ...logStart, lsn } } as PartitionStatus];
    }),
  );
}

test('first copy: is not whole while a snapshot is missing, and nobody is asked', async (t) => {
  const copy = new FirstCopy();
  const states = masters({ 0: ['replicating', 7n], 1: ['provisioning', 0n] });
  const ask = () => Promise.reject(new Error('asked too soon'));
  t.false(await copy.isWhole(states, ask));
});

test('first copy: is whole once each has what its primary had after the snapshots', async (t) => {
  const copy = new FirstCopy();
  let asked = 0;
  const ask = (ordinal: number) => {
    asked += 1;
    return Promise.resolve(ordinal === 0 ? 7n : 12n);
  };
  t.false(await copy.isWhole(masters({ 0: ['replicating', 7n], 1: ['replicating', 9n] }), ask));
  t.true(await copy.isWhole(masters({ 0: ['replicating', 7n], 1: ['replicating', 12n] }), ask));
  t.is(asked, 2);
});

test('first copy: who cannot be asked is asked again, and all after a new snapshot', async (t) => {
  const copy = new FirstCopy();
  const answers: (bigint | null)[] = [7n, null, 7n, 9n, 8n, 9n];
  const ask = () => Promise.resolve(answers.shift() ?? null);
  const both = masters({ 0: ['replicating', 7n], 1: ['replicating', 8n] });
  t.false(await copy.isWhole(both, ask));
  t.false(await copy.isWhole(both, ask));
  t.false(await copy.isWhole(masters({ 0: ['replicating', 7n], 1: ['recovering', 0n] }), ask));
  t.true(await copy.isWhole(masters({ 0: ['replicating', 8n], 1: ['replicating', 9n] }), ask));
  t.deepEqual(answers, []);
});
