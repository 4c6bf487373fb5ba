// A file of a backup: chunks compressed with zstd, each announced by its length and offset.
//
//     … │ 0x184D2A50 │ 12 (u32) │ length (u32) │ offset (u64) │ zstd frame of that length │ …
//
// Numbers are little-endian; the offset is the chunk's place in what it was cut from. A chunk is
// announced by a skippable frame (RFC 8878, 3.1.2): `zstd -d` unpacks the file whole.

import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { databaseError } from '#shared/error.ts';
import { toBackupError } from './backup-error.ts';

const HEADER_BYTES = 20;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** No chunk is longer, compressed, in bytes: a batch of log records with the longest record. */
const CHUNK_BYTES_MAX = 160 * 1024 * 1024;

/** What the manifest says of a file. */
export interface FileSeal {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Chunk {
  /** Where its first byte stood, before compression. */
  readonly offset: number;
  readonly compressed: Uint8Array;
}

/** Throws diskFull, or invalidBackupPath for what else the file system refuses. */
export class ChunkFileWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<ChunkFileWriter> {
    try {
      return new ChunkFileWriter(path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw toBackupError(path, error);
    }
  }

  async append({ offset, compressed }: Chunk): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
    header.writeUInt32LE(HEADER_BYTES - 8, 4);
    header.writeUInt32LE(compressed.length, 8);
    header.writeBigUInt64LE(BigInt(offset), 12);
    this.#hash.update(header).update(compressed);
    try {
      // Each takes care of writes that the system cuts short.
      await this.#file.appendFile(header);
      await this.#file.appendFile(compressed);
    } catch (error) {
      throw toBackupError(this.path, error);
    }
    this.#bytes += HEADER_BYTES + compressed.length;
  }

  /** Makes it durable and closes it. */
  async finish(): Promise<FileSeal> {
    try {
      await this.#file.datasync();
    } catch (error) {
      throw toBackupError(this.path, error);
    }
    await this.#file.close();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Closes what is given up. */
  async abandon(): Promise<void> {
    await this.#file.close();
  }
}

/**
 * The chunks as they were written. Throws backupDamaged for a file that is missing or is not the
 * one that was sealed: at its end at the latest, so what was yielded counts only after that.
 */
export async function* readChunks(path: string, seal: FileSeal): AsyncGenerator<Chunk> {
  const damaged = (reason: string, cause?: unknown) =>
    databaseError('backupDamaged', { path, reason }, cause);
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw damaged('it cannot be opened', error);
  }
  try {
    const { size } = await file.stat();
    if (size !== seal.bytes) throw damaged(`it has ${size} bytes instead of ${seal.bytes}`);
    const hash = createHash('sha256');
    const header = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; at < size;) {
      await readWhole(file, header, at);
      const length = header.readUInt32LE(8);
      at += HEADER_BYTES;
      const isWhole = header.readUInt32LE(0) === SKIPPABLE_MAGIC && at + length <= size;
      if (!isWhole || length > CHUNK_BYTES_MAX) throw damaged('a chunk has no right beginning');
      const chunk = Buffer.alloc(length);
      await readWhole(file, chunk, at);
      at += length;
      hash.update(header).update(chunk);
      yield { offset: Number(header.readBigUInt64LE(12)), compressed: chunk };
    }
    if (hash.digest('hex') !== seal.sha256) throw damaged('its checksum is another');
  } finally {
    await file.close();
  }
}

/** Fills the buffer; where the file was cut short meanwhile, its checksum will tell. */
async function readWhole(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) return;
    done += bytesRead;
  }
}
