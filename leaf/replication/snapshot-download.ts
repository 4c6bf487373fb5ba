// A snapshot as it arrives: a temporary file that grows, and goes on after a cut.

import { open, rm, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { databaseError } from '#shared/error.ts';
import type { Position } from '#shared/log/lsn.ts';
import type { SubscribeItem } from '#shared/wire/message.ts';

const decompress = promisify(zstdDecompress);
/** No chunk is longer than this when it is unpacked, in bytes; most are half as long. */
const chunkBytesMax = 1024 * 1024;

/** Invariant: the file holds the snapshot's first `bytesDone` bytes. */
export class SnapshotDownload {
  readonly id: string;
  readonly position: Position;
  readonly bytesTotal: number;
  readonly path: string;
  readonly #file: FileHandle;
  #bytesDone = 0;

  private constructor(
    path: string,
    file: FileHandle,
    announced: SubscribeItem & { kind: 'snapshot' },
  ) {
    this.path = path;
    this.#file = file;
    this.id = announced.id;
    this.position = announced.position;
    this.bytesTotal = announced.bytesTotal;
  }

  /** Begins with an empty file at `path`. */
  static async begin(
    path: string,
    announced: SubscribeItem & { kind: 'snapshot' },
  ): Promise<SnapshotDownload> {
    const file = await open(path, 'w', 0o600);
    return new SnapshotDownload(path, file, announced);
  }

  get bytesDone(): number {
    return this.#bytesDone;
  }

  /** Writes the next chunk. Throws linkProtocol on one that is not the next, or is damaged. */
  async append(offset: number, compressed: Uint8Array): Promise<void> {
    if (offset !== this.#bytesDone) {
      throw databaseError('linkProtocol', {
        reason: `a snapshot chunk for byte ${offset} came at byte ${this.#bytesDone}`,
      });
    }
    const bytes = await unpack(compressed);
    if (bytes.length === 0 || offset + bytes.length > this.bytesTotal) {
      throw databaseError('linkProtocol', { reason: 'the snapshot is longer than announced' });
    }
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        offset + done,
      );
      done += bytesWritten;
    }
    this.#bytesDone += bytes.length;
  }

  /** Lets the whole file go: it is the caller's, who makes it durable. */
  async finish(): Promise<void> {
    if (this.#bytesDone !== this.bytesTotal) {
      throw databaseError('linkProtocol', {
        reason: `the snapshot ended at byte ${this.#bytesDone} of ${this.bytesTotal}`,
      });
    }
    await this.#file.close();
  }

  /** Deletes what has come. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.path, { force: true });
  }
}

async function unpack(compressed: Uint8Array): Promise<Uint8Array> {
  try {
    // Its room is there at once: each further piece would be a round of the thread pool.
    const limits = { chunkSize: chunkBytesMax, maxOutputLength: chunkBytesMax };
    return await decompress(compressed, limits);
  } catch (error) {
    throw databaseError('linkProtocol', { reason: 'a snapshot chunk is damaged' }, error);
  }
}
