// A snapshot file as items of a subscription: announced, cut in compressed chunks, ended.

import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { assert } from '#shared/assert.ts';
import type { SubscribeItem } from '#shared/wire/message.ts';
import type { Snapshot } from '#leaf/partition/snapshot.ts';

/** Bytes of the file in one chunk, before compression. */
const SNAPSHOT_CHUNK_BYTES = 512 * 1024;
/** Chunks that are read and compressed while the one before them is sent. */
const chunksAhead = 3;

const compress = promisify(zstdCompress);
/**
 * Fast rather than small (half the time of level 1 for a fifth more bytes), and with a checksum, so
 * that a damaged chunk is noticed.
 */
const compression = {
  // One step a chunk: each further one is a round of the thread pool.
  chunkSize: SNAPSHOT_CHUNK_BYTES + 64 * 1024,
  params: {
    [constants.ZSTD_c_compressionLevel]: -3,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** A chunk that is on its way, or why there is none. */
type Prepared = { readonly compressed: Uint8Array } | { readonly error: unknown };

/** The snapshot from byte `offset` on, which the follower has; `reason`: why it gets one. */
export async function* sendSnapshot(
  snapshot: Snapshot,
  offset: number,
  reason: string,
): AsyncGenerator<SubscribeItem> {
  const { id, position, sizeBytes } = snapshot;
  yield { kind: 'snapshot', id, position, bytesTotal: sizeBytes, reason };
  const file = await open(snapshot.path, 'r');
  const ahead: { readonly offset: number; readonly prepared: Promise<Prepared> }[] = [];
  try {
    for (let next = offset; ;) {
      while (next < sizeBytes && ahead.length < chunksAhead) {
        const length = Math.min(SNAPSHOT_CHUNK_BYTES, sizeBytes - next);
        ahead.push({ offset: next, prepared: prepare(file, next, length) });
        next += length;
      }
      const first = ahead.shift();
      if (first === undefined) break;
      const prepared = await first.prepared;
      if ('error' in prepared) throw prepared.error;
      const { compressed } = prepared;
      yield { kind: 'snapshot chunk', offset: first.offset, compressed };
    }
  } finally {
    // Nothing may read from the file when it is closed.
    for (const { prepared } of ahead) await prepared;
    await file.close();
  }
  yield { kind: 'snapshot end' };
}

/** Never rejects: nobody may be waiting for it yet. */
async function prepare(file: FileHandle, offset: number, length: number): Promise<Prepared> {
  try {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    assert(bytesRead === length, 'a snapshot is as long as it was when it was taken');
    return { compressed: await compress(buffer, compression) };
  } catch (error) {
    return { error };
  }
}
