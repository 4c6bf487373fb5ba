// A read-only cursor: the rows of one execution, kept as packets until the client fetches them.
//
// As in MySQL all rows are there when the cursor opens, so that nothing the session does later
// changes them. What is too much for memory waits in a file without a name.

import { rm } from 'node:fs/promises';
import { mkdtemp, open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PacketReader, type Packet } from './packet-reader.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';

/** Bytes of rows that a cursor keeps in memory. */
const MEMORY_BYTES_MAX = 256 * 1024;
const READ_BYTES = 64 * 1024;
const PACKET_BYTES_MAX = Number.MAX_SAFE_INTEGER;

/** Where rows are written: a client's stream, or what keeps them for later. */
export interface RowSink {
  readonly writer: PacketWriter;
  /** Nobody wants the rest. */
  readonly closed: boolean;
  /** Takes what was written; waits where there is too much of it. */
  flush(): void | Promise<void>;
}

/** First everything is written to it, then it is read from the start, once. */
export class Cursor implements RowSink {
  readonly writer = new PacketWriter();
  readonly #reader = new PacketReader(PACKET_BYTES_MAX);
  #file: FileHandle | null = null;
  #inMemory: Buffer[] = [];
  #memoryBytes = 0;
  #writtenBytes = 0;
  #readBytes = 0;
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  async flush(): Promise<void> {
    const bytes = Buffer.from(this.writer.bytes());
    this.writer.reuse();
    this.#inMemory.push(bytes);
    this.#memoryBytes += bytes.length;
    if (this.#memoryBytes > MEMORY_BYTES_MAX) await this.#spill();
  }

  /** The next row's packet, or null after the last. */
  async next(): Promise<Packet | null> {
    for (;;) {
      const packet = this.#reader.next();
      if (packet !== null) return packet;
      const chunk = await this.#read();
      if (chunk === null) return null;
      this.#reader.push(chunk);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#inMemory = [];
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #spill(): Promise<void> {
    this.#file ??= await openNameless();
    // It was closed while the file was being opened: nobody else would close that.
    if (this.#closed) return await this.close();
    const bytes = Buffer.concat(this.#inMemory);
    this.#inMemory = [];
    this.#memoryBytes = 0;
    await this.#file.write(bytes, 0, bytes.length, this.#writtenBytes);
    this.#writtenBytes += bytes.length;
  }

  /** What went to the file comes first, then what stayed in memory. */
  async #read(): Promise<Buffer | null> {
    const left = this.#writtenBytes - this.#readBytes;
    if (this.#file !== null && left > 0) {
      const chunk = Buffer.allocUnsafeSlow(Math.min(left, READ_BYTES));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#readBytes);
      this.#readBytes += bytesRead;
      return bytesRead === 0 ? null : chunk.subarray(0, bytesRead);
    }
    return this.#inMemory.shift() ?? null;
  }
}

/** A file that is gone when it is closed, or the process ends. */
async function openNameless(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'twinleaf-cursor-'));
  try {
    return await open(join(directory, 'rows'), 'wx+', 0o600);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
