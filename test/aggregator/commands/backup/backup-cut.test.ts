// The cut of a backup: what is visible in it is whole, whatever moment each log was read at.

import test from 'ava';
import {
  findBackupCut,
  type CopiedLog,
  type CopiedTransaction,
} from '#aggregator/commands/backup/backup-cut.ts';

type Told = readonly [id: string, participants: number[], lsn: number, commit: number | null];

function logOf(tail: number, ...told: readonly Told[]): CopiedLog {
  const prepared = new Map<string, CopiedTransaction>();
  for (const [transactionId, participants, lsn, commit] of told) {
    const decided = commit === null ? null : { verdict: 'commit' as const, lsn: BigInt(commit) };
    prepared.set(transactionId, { transactionId, participants, lsn: BigInt(lsn), decided });
  }
  return { tail: BigInt(tail), prepared };
}

function cutOf(logs: readonly CopiedLog[]): number[] {
  return [...findBackupCut(new Map(logs.entries())).values()].map(Number);
}

test('cut: without transactions over several partitions it is where the tails were', (t) => {
  t.deepEqual(cutOf([logOf(5), logOf(9)]), [5, 9]);
});

test('cut: one that is visible somewhere is prepared everywhere', (t) => {
  t.deepEqual(cutOf([logOf(5, ['a', [0, 1], 4, 5]), logOf(9, ['a', [0, 1], 10, 11])]), [5, 10]);
});

test('cut: the first participant has its verdict', (t) => {
  const first = logOf(4, ['a', [0, 1], 4, 6]);
  t.deepEqual(cutOf([first, logOf(9, ['a', [0, 1], 8, 9])]), [6, 9]);
});

test('cut: one that is visible nowhere is left open', (t) => {
  const logs = [logOf(4, ['a', [0, 1], 4, 5]), logOf(9, ['a', [0, 1], 8, null])];
  t.deepEqual(cutOf(logs), [4, 9]);
});

test('cut: what comes into it brings with it what that rests on', (t) => {
  const logs = [
    logOf(5, ['a', [0, 1], 4, 5]),
    // Before `a` could be prepared here, `b` had come and gone.
    logOf(9, ['b', [1, 2], 10, 11], ['a', [0, 1], 12, 13]),
    logOf(20, ['b', [1, 2], 22, 23]),
  ];
  t.deepEqual(cutOf(logs), [5, 12, 22]);
});

test('cut: a participant whose copy does not tell of it has it in its snapshot', (t) => {
  t.deepEqual(cutOf([logOf(5, ['a', [0, 1], 4, 5]), logOf(9)]), [5, 9]);
});
