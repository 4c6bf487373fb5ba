// A snapshot file as items of a subscription: announced, cut in compressed chunks, ended.

import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { SubscribeItem } from '#shared/wire/message.ts';
import type { Snapshot } from '#leaf/partition/snapshot.ts';

/** Bytes of the file in one chunk, before compression. */
export const SNAPSHOT_CHUNK_BYTES = 256 * 1024;

const compress = promisify(zstdCompress);
/** Fast rather than small, and with a checksum, so that a damaged chunk is noticed. */
const compression = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/** The snapshot from byte `offset` on: the follower has what stands before. */
export async function* sendSnapshot(
  snapshot: Snapshot,
  offset: number,
): AsyncGenerator<SubscribeItem> {
  const { id, position, sizeBytes } = snapshot;
  yield { kind: 'snapshot', id, position, bytesTotal: sizeBytes };
  const file = await open(snapshot.path, 'r');
  try {
    const buffer = Buffer.alloc(SNAPSHOT_CHUNK_BYTES);
    for (let at = offset; at < sizeBytes;) {
      const wanted = Math.min(SNAPSHOT_CHUNK_BYTES, sizeBytes - at);
      const { bytesRead } = await file.read(buffer, 0, wanted, at);
      if (bytesRead === 0) return;
      const compressed = await compress(buffer.subarray(0, bytesRead), compression);
      yield { kind: 'snapshot chunk', offset: at, compressed };
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  yield { kind: 'snapshot end' };
}
