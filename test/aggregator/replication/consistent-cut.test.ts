// The cut through logs that end apart: every transaction on all of its partitions, or on none.

import test from 'ava';
import { committedOnlyAfter, findConsistentCut } from '#aggregator/replication/consistent-cut.ts';
import type { PartitionTransactions } from '#aggregator/replication/shared-transactions.ts';

const second = 1000n << 16n;

/** A log of so many records, one a second from 100 s on; `parts` say who was prepared where. */
function log(
  tail: number,
  parts: readonly (readonly [
    id: string,
    participants: readonly number[],
    lsn: number,
    decided: string,
  ])[],
  from = 0n,
): PartitionTransactions {
  const timestampAt = (lsn: number) => (100n + BigInt(lsn)) * second;
  return {
    fromTimestamp: from,
    definitions: [],
    arrived: new Set(),
    arrivedIsWhole: false,
    tail: BigInt(tail),
    tailTimestamp: timestampAt(tail),
    prepared: parts.map(([transactionId, participants, lsn, decided]) => {
      const [verdict, at] = decided.split('@');
      return {
        transactionId,
        participants,
        lsn: BigInt(lsn),
        timestamp: timestampAt(lsn),
        decided:
          verdict === 'commit' || verdict === 'abort' ? { verdict, lsn: BigInt(at ?? 0) } : null,
      };
    }),
  };
}

function cutOf(logs: Record<number, PartitionTransactions>) {
  const map = new Map(Object.entries(logs).map(([ordinal, each]) => [Number(ordinal), each]));
  const { lsns, dropped, committed } = findConsistentCut(map);
  return { lsns: Object.fromEntries(lsns), dropped, committed: [...committed] };
}

test('cut: what is whole stays whole', (t) => {
  const parts = [['t1', [0, 1], 3, 'commit@4'] as const];
  const { lsns, dropped, committed } = cutOf({ 0: log(9, parts), 1: log(5, parts) });
  t.deepEqual(lsns, { 0: 9n, 1: 5n });
  t.deepEqual(dropped, []);
  t.deepEqual(committed, ['t1']);
});

test('cut: committed here and not even prepared there is taken back, with all after it', (t) => {
  const { lsns, dropped, committed } = cutOf({
    0: log(30, [
      ['t1', [0, 1], 3, 'commit@4'],
      ['t2', [0, 1], 20, 'commit@21'],
    ]),
    1: log(5, [['t1', [0, 1], 3, 'commit@4']]),
  });
  t.deepEqual(lsns, { 0: 19n, 1: 5n });
  t.deepEqual(dropped, ['t2']);
  t.deepEqual(committed, ['t1']);
});

test('cut: prepared there and committed elsewhere is to be committed, whoever is first', (t) => {
  const { lsns, committed } = cutOf({
    0: log(4, [['t1', [0, 1], 3, '']]),
    1: log(9, [['t1', [0, 1], 3, 'commit@4']]),
  });
  t.deepEqual(lsns, { 0: 4n, 1: 9n });
  t.deepEqual(committed, ['t1']);
});

test('cut: taking one back takes back another, until nothing is by halves', (t) => {
  const { lsns, dropped } = cutOf({
    0: log(40, [['t1', [0, 2], 20, 'commit@21']]),
    1: log(40, [
      ['t2', [1, 2], 10, 'commit@11'],
      ['t3', [0, 1], 25, 'commit@26'],
    ]),
    2: log(1, []),
  });
  t.deepEqual(lsns, { 0: 19n, 1: 9n, 2: 1n });
  t.deepEqual(dropped.toSorted(), ['t1', 't2']);
});

test('cut: a part that falls with another cut makes its transaction fall', (t) => {
  const { lsns, dropped } = cutOf({
    0: log(40, [
      ['t1', [0, 2], 20, 'commit@21'],
      ['t2', [0, 1], 25, 'commit@26'],
    ]),
    1: log(40, [['t2', [0, 1], 30, 'commit@31']]),
    2: log(1, []),
  });
  t.deepEqual(lsns, { 0: 19n, 1: 29n, 2: 1n });
  t.deepEqual(dropped.toSorted(), ['t1', 't2']);
});

test('cut: undecided and aborted transactions, and those of one partition, cut nothing', (t) => {
  const { lsns, committed } = cutOf({
    0: log(40, [
      ['t1', [0, 1], 20, 'abort@21'],
      ['t2', [0], 25, 'commit@26'],
      ['t3', [0, 1], 39, ''],
    ]),
    1: log(1, []),
  });
  t.deepEqual(lsns, { 0: 40n, 1: 1n });
  t.deepEqual(committed, ['t2']);
});

test('cut: what a trimmed log no longer tells of, or a snapshot holds, has arrived', (t) => {
  const old = cutOf({
    0: log(90, [['t1', [0, 1], 20, 'commit@21']]),
    1: log(80, [], 150n * second),
  });
  t.deepEqual(old.lsns, { 0: 90n, 1: 80n });
  const snapshot = { ...log(20, []), fromTimestamp: 120n * second };
  const near = cutOf({ 0: log(90, [['t1', [0, 1], 21, 'commit@22']]), 1: snapshot });
  t.deepEqual(near.lsns, { 0: 90n, 1: 20n });
  const after = cutOf({ 0: log(90, [['t1', [0, 1], 40, 'commit@41']]), 1: snapshot });
  t.deepEqual(after.lsns, { 0: 39n, 1: 20n });
});

test('cut: a log that begins late tells by its partition what has arrived before', (t) => {
  const early = [['t1', [0, 1], 3, 'commit@4'] as const];
  const late = { ...log(9, [], (100n + 6n) * second), arrivedIsWhole: true };
  const arrived = cutOf({ 0: log(5, early), 1: { ...late, arrived: new Set(['t1']) } });
  t.deepEqual(arrived.dropped, []);
  const torn = cutOf({ 0: log(5, early), 1: late });
  t.deepEqual(torn.dropped, ['t1']);
  t.deepEqual(torn.lsns, { 0: 2n, 1: 9n });
});

test('cut: what no shared part of a log has committed may be lost to who shares it', (t) => {
  const logs = new Map([
    [
      0,
      log(30, [
        ['early', [0, 1], 3, 'commit@4'],
        ['late', [0, 1], 9, 'commit@20'],
        ['none', [0, 1], 21, 'abort@22'],
      ]),
    ],
    [
      1,
      log(30, [
        ['early', [0, 1], 3, 'undecided'],
        ['late', [0, 1], 9, 'undecided'],
        ['there', [1, 2], 11, 'commit@25'],
      ]),
    ],
    [2, log(30, [['there', [1, 2], 11, 'commit@12']])],
  ]);
  const shared = new Map([0, 1, 2].map((ordinal) => [ordinal, 15n]));
  t.deepEqual([...committedOnlyAfter(logs, shared)], ['late']);
  shared.set(2, 11n);
  t.deepEqual([...committedOnlyAfter(logs, shared)], ['late', 'there']);
});
