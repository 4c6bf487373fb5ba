// Where a backup ends: one state of all partitions in which every transaction is whole.
//
// Each partition's log was copied from its snapshot to beyond `tail`, and all the tails were read
// before the first of these copies ended. What was committed by then is in the cut; what it rests
// on had happened before it, and so is in the copies. The cut only grows, until nothing is by
// halves and the first participant of every committed transaction has its verdict. Pure.

import { assert } from '#shared/assert.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Verdict } from '#shared/wire/message.ts';

/** A transaction over several partitions, as one copied log tells of it. */
export interface CopiedTransaction {
  readonly transactionId: string;
  /** Ordinals; the first one decides. */
  readonly participants: readonly number[];
  /** Of its `prepare`. */
  readonly lsn: LSN;
  readonly decided: { readonly verdict: Verdict; readonly lsn: LSN } | null;
}

export interface CopiedLog {
  /** Everything up to here is in the cut. */
  readonly tail: LSN;
  /** Those prepared after the snapshot, up to the end of the copy. */
  readonly prepared: ReadonlyMap<string, CopiedTransaction>;
}

/** By ordinal: the last record that belongs to the backup. */
export function findBackupCut(logs: ReadonlyMap<number, CopiedLog>): ReadonlyMap<number, LSN> {
  const cut = new Map([...logs].map(([ordinal, { tail }]) => [ordinal, tail]));
  /** True when it moved the cut. */
  const reach = (ordinal: number, lsn: LSN): boolean => {
    const before = cut.get(ordinal);
    if (before === undefined || lsn <= before) return false;
    cut.set(ordinal, lsn);
    return true;
  };
  for (let isWhole = false; !isWhole;) {
    isWhole = true;
    for (const [ordinal, { prepared }] of logs) {
      for (const { transactionId, participants, decided } of prepared.values()) {
        const isVisible = decided?.verdict === 'commit' && decided.lsn <= (cut.get(ordinal) ?? 0n);
        if (!isVisible) continue;
        for (const [index, participant] of participants.entries()) {
          // One that its copied log does not tell of is in its snapshot, verdict and all.
          const there = logs.get(participant)?.prepared.get(transactionId);
          if (there === undefined) continue;
          const needed = index === 0 ? decision(there) : there.lsn;
          if (reach(participant, needed)) isWhole = false;
        }
      }
    }
  }
  return cut;
}

/** Another participant has committed, so the first one had decided before that. */
function decision({ decided }: CopiedTransaction): LSN {
  assert(decided?.verdict === 'commit', 'the first participant decides before the others');
  return decided.lsn;
}
