// What a log says of transactions over several partitions: prepared when, and how decided.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { LSN } from '#shared/log/lsn.ts';
import type { SharedTransactions } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { tailStart } from '#leaf/partition/visible-changes.ts';

/** Bytes of the log that are looked at, from its end. */
const scannedBytesMax = 256 * 1024 * 1024;
/** Transactions told of, the newest. */
const toldMax = 50_000;
/** Records read before others on the event loop get a turn. */
const recordsAtATime = 500;

type Told = SharedTransactions['prepared'][number];

/** Reads the log's end. The partition should be at rest: what comes meanwhile may be missing. */
export async function listSharedTransactions(partition: Partition): Promise<SharedTransactions> {
  const { log } = partition;
  const before = tailStart(log, log.firstLsn - 1n, scannedBytesMax);
  const prepared = new Map<string, Told>();
  const definitions: { version: number; lsn: LSN }[] = [];
  let fromTimestamp: bigint | null = before === 0n ? 0n : null;
  let count = 0;
  for (const { payload, lsn, timestamp } of log.reader.records(log.reader.positionAt(before))) {
    fromTimestamp ??= timestamp;
    if (payload.kind === 'prepare') {
      const { transactionId, participants } = payload;
      prepared.set(transactionId, { transactionId, participants, lsn, timestamp, decided: null });
      fromTimestamp = dropOldest(prepared) ?? fromTimestamp;
    } else if (payload.kind === 'definition') {
      definitions.push({ version: payload.change.version, lsn });
    } else if (payload.kind === 'commit' || payload.kind === 'abort') {
      const told = prepared.get(payload.transactionId);
      const decided = { verdict: payload.kind, lsn };
      if (told !== undefined) prepared.set(payload.transactionId, { ...told, decided });
    }
    if (++count % recordsAtATime === 0) await yieldToOthers();
  }
  return {
    fromTimestamp: fromTimestamp ?? log.tailTimestamp,
    tail: log.tail.lsn,
    tailTimestamp: log.tailTimestamp,
    prepared: [...prepared.values()],
    definitions,
  };
}

/** Keeps the list bounded; answers the timestamp from which on it is complete, if it was cut. */
function dropOldest(prepared: Map<string, Told>): bigint | null {
  if (prepared.size <= toldMax) return null;
  const [oldest] = prepared.keys();
  if (oldest !== undefined) prepared.delete(oldest);
  const [first] = prepared.values();
  return first?.timestamp ?? null;
}
