// Stands in for node:fs/promises in the product's files: what it does takes simulated time.

import * as real from 'node:fs';
import * as simulated from './simulated-fs.ts';
import { disk } from './simulated-disk.ts';

/** An open file, as far as the product uses one. */
class SimulatedHandle {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  async write(bytes: Uint8Array, offset: number, length: number, position: number) {
    await disk.delay(this.#path);
    const bytesWritten = simulated.writeSync(this.#descriptor, bytes, offset, length, position);
    return { bytesWritten, buffer: bytes };
  }

  async writeFile(bytes: Uint8Array | string): Promise<void> {
    await disk.delay(this.#path);
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    simulated.writeSync(this.#descriptor, buffer, 0, buffer.length, 0);
  }

  async read(bytes: Uint8Array, offset: number, length: number, position: number | null) {
    await disk.delay(this.#path);
    const bytesRead = real.readSync(this.#descriptor, bytes, offset, length, position);
    return { bytesRead, buffer: bytes };
  }

  async stat(): Promise<real.Stats> {
    return real.fstatSync(this.#descriptor);
  }

  async datasync(): Promise<void> {
    await disk.syncLater(this.#descriptor);
  }

  async sync(): Promise<void> {
    await disk.syncLater(this.#descriptor);
  }

  async close(): Promise<void> {
    simulated.closeSync(this.#descriptor);
  }
}

export type FileHandle = SimulatedHandle;

export async function open(path: string, flags = 'r', mode?: number): Promise<SimulatedHandle> {
  await disk.delay(path);
  return new SimulatedHandle(path, simulated.openSync(path, flags, mode));
}

export async function readFile(path: string): Promise<Uint8Array> {
  await disk.delay(path);
  return real.readFileSync(path);
}

export async function rename(from: string, to: string): Promise<void> {
  await disk.delay(from);
  simulated.renameSync(from, to);
}

export async function rm(path: string, options?: real.RmOptions): Promise<void> {
  await disk.delay(path);
  simulated.rmSync(path, options);
}

export async function unlink(path: string): Promise<void> {
  await disk.delay(path);
  simulated.unlinkSync(path);
}

export async function stat(path: string): Promise<real.Stats> {
  await disk.delay(path);
  return real.statSync(path);
}

export async function mkdir(
  path: string,
  options?: real.MakeDirectoryOptions,
): Promise<string | undefined> {
  await disk.delay(path);
  return simulated.mkdirSync(path, options);
}

export async function copyFile(from: string, to: string): Promise<void> {
  await disk.delay(to);
  disk.check(to);
  real.copyFileSync(from, to);
}
