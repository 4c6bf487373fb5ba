// One partition into the files of a backup: its snapshot first, then the records after it.
//
// To the leaf a backup is a follower that begins anew: it sends a snapshot, and keeps the records
// after it until it is told that the backup is done.

import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import {
  FRAME_HEADER_BYTES,
  frameLogHash,
  logStart,
  readFrames,
  recordPosition,
} from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { decodeHead } from '#shared/log/long-frame.ts';
import type { LeafService, RecordPart, SubscribeItem } from '#shared/wire/message.ts';
import type { CopiedTransaction } from './backup-cut.ts';
import { ChunkFileWriter, type FileSeal } from './chunk-file.ts';
import { backupFileName, type PartitionBackup } from './manifest.ts';

const compress = promisify(zstdCompress);
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
};

/** One partition on its way into a backup. */
export interface PartitionSource {
  readonly leaf: LeafService;
  readonly key: PartitionKey;
  readonly followerId: string;
  /** The directory that the files go to. */
  readonly directory: string;
  /** Gives the copy up. */
  readonly signal: AbortSignal;
}

export interface CopiedRecords {
  readonly seal: FileSeal;
  readonly prepared: ReadonlyMap<string, CopiedTransaction>;
}

/** Copies a new snapshot; the leaf keeps the records after it from here on. */
export async function copySnapshot(
  source: PartitionSource,
): Promise<Pick<PartitionBackup, 'snapshot' | 'position'>> {
  let announced: (SubscribeItem & { kind: 'snapshot' }) | null = null;
  let file: ChunkFileWriter | null = null;
  try {
    for await (const item of subscribe(source, null)) {
      if (item.kind === 'snapshot') {
        announced = item;
        file = await ChunkFileWriter.create(pathOf(source, 'snapshot'));
      } else if (item.kind === 'snapshot chunk' && file !== null) {
        await file.append(item);
      } else if (item.kind === 'snapshot end' && file !== null && announced !== null) {
        const { position, bytesTotal } = announced;
        const finished = file;
        file = null;
        return { snapshot: { seal: await finished.finish(), bytesTotal }, position };
      } else {
        break;
      }
    }
  } finally {
    await file?.abandon();
  }
  source.signal.throwIfAborted();
  throw failed(source, 'its leaf ended the snapshot in the middle');
}

/** Copies the records after `from`, up to `last` at least. */
export async function copyRecords(
  source: PartitionSource,
  from: Position,
  last: LSN,
): Promise<CopiedRecords> {
  const file = await ChunkFileWriter.create(pathOf(source, 'log'));
  const prepared = new Map<string, CopiedTransaction>();
  let position = from;
  let offset = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    await file.append({ offset, compressed: await compress(bytes, compression) });
    offset += bytes.length;
  };
  const arrived = (record: LogRecord): void => {
    note(prepared, record);
    position = recordPosition(record);
  };
  let long: LogRecord | null = null;
  try {
    for await (const item of position.lsn < last ? subscribe(source, from) : []) {
      if (item.kind === 'snapshot' || item.kind === 'diverged') {
        throw failed(source, 'its log was not kept for as long as the snapshot took');
      }
      if (item.kind === 'record part') {
        if (item.offset === 0) long = headOf(item);
        await append(item.bytes);
        if (long === null || item.offset + item.bytes.length < item.bytesTotal) continue;
        arrived(long);
        long = null;
      } else if (item.kind === 'records') {
        for (const { record } of readFrames(item.frames, position)) arrived(record);
        await append(item.frames);
      }
      if (position.lsn >= last) break;
    }
  } catch (error) {
    await file.abandon();
    throw error;
  }
  const seal = await file.finish();
  if (position.lsn >= last) return { seal, prepared };
  source.signal.throwIfAborted();
  throw failed(source, 'its leaf ended the log in the middle');
}

/** A long record without its changes; the leaf that gets it back verifies all of it. */
function headOf({ bytes, bytesTotal }: RecordPart): LogRecord {
  const body = bytes.subarray(FRAME_HEADER_BYTES);
  const { record } = decodeHead(body, bytesTotal - FRAME_HEADER_BYTES);
  return { ...record, logHash: frameLogHash(bytes) };
}

/** `from` null: a snapshot first. */
function subscribe(source: PartitionSource, from: Position | null): AsyncIterable<SubscribeItem> {
  const { leaf, key, followerId, signal } = source;
  const position = from ?? logStart;
  const request = { key, followerId, address: '', position, resume: null, synchronous: false };
  const long = { inParts: true, anew: from === null };
  return leaf.stream('subscribe', { ...request, ...long }, signal);
}

function pathOf({ directory, key }: PartitionSource, what: 'snapshot' | 'log'): string {
  return join(directory, backupFileName(key.ordinal, what));
}

function failed({ key }: PartitionSource, reason: string) {
  return databaseError('backupFailed', { partition: partitionName(key), reason });
}

function note(prepared: Map<string, CopiedTransaction>, { payload, lsn }: LogRecord): void {
  if (payload.kind === 'prepare') {
    const { transactionId, participants } = payload;
    prepared.set(transactionId, { transactionId, participants, lsn, decided: null });
  } else if (payload.kind === 'commit' || payload.kind === 'abort') {
    const before = prepared.get(payload.transactionId);
    if (before === undefined) return;
    const decided = { verdict: payload.kind, lsn };
    prepared.set(payload.transactionId, { ...before, decided });
  }
}
