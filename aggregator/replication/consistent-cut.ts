// The newest state of all partitions together in which every transaction is whole.
//
// Links of one database go at their own pace: when they end, one partition may hold its part of a
// transaction that has not reached another. Such a transaction is taken back everywhere, with what
// came after it, until nothing is by halves. Pure.

import type { LSN } from '#shared/log/lsn.ts';
import type { PartitionTransactions } from './shared-transactions.ts';

/**
 * Hybrid timestamps (milliseconds times 2^16) of two leaves may differ by this for one
 * transaction; what lies nearer to the edge of what a log can tell counts as arrived.
 */
const timestampMargin = 10_000n << 16n;

type Prepared = PartitionTransactions['prepared'][number];

export interface ConsistentCut {
  /** By ordinal: the newest LSN that stays. */
  readonly lsns: ReadonlyMap<number, LSN>;
  /** Transactions that are taken back where they were visible. */
  readonly dropped: readonly string[];
  /** Transactions that are committed somewhere within the cut: prepared ones must be, too. */
  readonly committed: ReadonlySet<string>;
}

/**
 * The cut through these logs, by ordinal; every partition of the database must be among them. No
 * step of the schema beyond `versionMax` is within it.
 */
export function findConsistentCut(
  logs: ReadonlyMap<number, PartitionTransactions>,
  versionMax = Infinity,
): ConsistentCut {
  const lsns = new Map([...logs].map(([ordinal, log]) => [ordinal, lastWithin(log, versionMax)]));
  const index = indexById(logs);
  const dropped = new Set<string>();
  for (let isWhole = false; !isWhole;) {
    isWhole = true;
    for (const [ordinal, { prepared }] of logs) {
      const torn = prepared.find((each) => isTorn(each, { ordinal, lsns, logs, index }));
      if (torn === undefined) continue;
      lsns.set(ordinal, torn.lsn - 1n);
      dropped.add(torn.transactionId);
      isWhole = false;
    }
  }
  const committed = new Set<string>();
  for (const [ordinal, { prepared }] of logs) {
    for (const each of prepared) {
      if (isCommitted(each, lsns.get(ordinal) ?? 0n)) committed.add(each.transactionId);
    }
  }
  return { lsns, dropped: [...dropped], committed };
}

function lastWithin({ definitions, tail }: PartitionTransactions, versionMax: number): LSN {
  const beyond = definitions.find(({ version }) => version > versionMax);
  return beyond === undefined ? tail : beyond.lsn - 1n;
}

/** The version of the schema after record `lsn` of a log that has come to version `newest`. */
export function versionAt(
  { definitions }: Pick<PartitionTransactions, 'definitions'>,
  lsn: LSN,
  newest: number,
): number {
  const beyond = definitions.find((definition) => definition.lsn > lsn);
  return beyond === undefined ? newest : beyond.version - 1;
}

/** The transactions that some partition has committed. */
export function committedSomewhere(
  logs: ReadonlyMap<number, PartitionTransactions>,
): ReadonlySet<string> {
  const committed = new Set<string>();
  for (const { prepared } of logs.values()) {
    for (const { transactionId, decided } of prepared) {
      if (decided?.verdict === 'commit') committed.add(transactionId);
    }
  }
  return committed;
}

/**
 * The transactions that some partition has committed, and none at or before the LSN given for it:
 * who shares the logs up to there does not know, and may have dropped what it has of them.
 */
export function committedOnlyAfter(
  logs: ReadonlyMap<number, PartitionTransactions>,
  lsns: ReadonlyMap<number, LSN>,
): ReadonlySet<string> {
  const committed = new Set(committedSomewhere(logs));
  for (const [ordinal, { prepared }] of logs) {
    for (const each of prepared) {
      if (isCommitted(each, lsns.get(ordinal) ?? 0n)) committed.delete(each.transactionId);
    }
  }
  return committed;
}

type Index = ReadonlyMap<number, ReadonlyMap<string, Prepared>>;

function indexById(logs: ReadonlyMap<number, PartitionTransactions>): Index {
  return new Map(
    [...logs].map(([ordinal, { prepared }]) => [
      ordinal,
      new Map(prepared.map((each) => [each.transactionId, each])),
    ]),
  );
}

function isCommitted(prepared: Prepared, lsn: LSN): boolean {
  const { decided } = prepared;
  return decided !== null && decided.verdict === 'commit' && decided.lsn <= lsn;
}

/** Visible here, and not even prepared at another participant. */
function isTorn(
  here: Prepared,
  at: {
    readonly ordinal: number;
    readonly lsns: ReadonlyMap<number, LSN>;
    readonly logs: ReadonlyMap<number, PartitionTransactions>;
    readonly index: Index;
  },
): boolean {
  const { ordinal, lsns, logs, index } = at;
  if (!isCommitted(here, lsns.get(ordinal) ?? 0n)) return false;
  return here.participants.some((participant) => {
    const log = logs.get(participant);
    if (participant === ordinal || log === undefined) return false;
    const there = index.get(participant)?.get(here.transactionId);
    if (there !== undefined) return there.lsn > (lsns.get(participant) ?? 0n);
    return isBeyond(here, log);
  });
}

/** A transaction that a log does not tell of: has it not come yet, or is it long past? */
function isBeyond(here: Prepared, log: PartitionTransactions): boolean {
  if (log.arrived.has(here.transactionId)) return false;
  if (log.arrivedIsWhole) return true;
  // Its partition has forgotten the oldest: only the moment can tell.
  if (here.timestamp <= log.tailTimestamp - timestampMargin) return false;
  return log.fromTimestamp === 0n || here.timestamp >= log.fromTimestamp + timestampMargin;
}
