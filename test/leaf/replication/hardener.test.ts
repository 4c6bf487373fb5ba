// The primary is told of what is durable only; what comes during a sync shares the next one.

import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { must } from '#shared/assert.ts';
import { Hardener } from '#leaf/replication/hardener.ts';

function world() {
  const syncs: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const durable: bigint[] = [];
  const failures: unknown[] = [];
  const hardener = new Hardener({
    harden: () => new Promise((resolve, reject) => syncs.push({ resolve, reject })),
    onDurable: (lsn) => durable.push(lsn),
    onFailure: (error) => failures.push(error),
  });
  return { hardener, syncs, durable, failures };
}

test('hardener: nothing is told before its sync, and many share the next', async (t) => {
  const { hardener, syncs, durable } = world();
  for (const lsn of [1n, 2n, 3n]) await hardener.applied(lsn, 100);
  t.is(syncs.length, 1);
  t.deepEqual(durable, []);
  must(syncs[0]).resolve();
  await nextTurn();
  t.deepEqual(durable, [1n]);
  t.is(syncs.length, 2);
  must(syncs[1]).resolve();
  await hardener.drain();
  t.deepEqual(durable, [1n, 3n]);
  t.is(syncs.length, 2);
});

test('hardener: much that is not durable is waited for', async (t) => {
  const { hardener, syncs, durable } = world();
  let mayGoOn = false;
  const taken = (async () => {
    await hardener.applied(1n, 5 * 1024 * 1024);
    mayGoOn = true;
  })();
  await nextTurn();
  t.false(mayGoOn);
  must(syncs[0]).resolve();
  await taken;
  t.deepEqual(durable, [1n]);
});

test('hardener: a sync that fails is told, and nobody waits for it for ever', async (t) => {
  const { hardener, syncs, durable, failures } = world();
  await hardener.applied(1n, 100);
  await hardener.applied(2n, 100);
  const reason = new Error('the disk is gone');
  must(syncs[0]).reject(reason);
  await hardener.drain();
  t.deepEqual(failures, [reason]);
  t.deepEqual(durable, []);
});
