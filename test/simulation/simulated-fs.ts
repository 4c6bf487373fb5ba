// Stands in for node:fs in the product's files: the same calls, told to the simulated disk.

import * as real from 'node:fs';
import { disk } from './simulated-disk.ts';

export * from 'node:fs';

type Callback = (error: Error | null) => void;

export function openSync(path: string, flags = 'r', mode?: number): number {
  if (flags !== 'r') disk.check(path);
  const descriptor = real.openSync(path, flags, mode);
  disk.opened(descriptor, path);
  return descriptor;
}

export function closeSync(descriptor: number): void {
  disk.closed(descriptor);
  real.closeSync(descriptor);
}

export function writeSync(
  descriptor: number,
  bytes: Uint8Array,
  offset = 0,
  length = bytes.length - offset,
  position: number | null = null,
): number {
  disk.writing(descriptor, position ?? real.fstatSync(descriptor).size, length);
  return real.writeSync(descriptor, bytes, offset, length, position);
}

export function ftruncateSync(descriptor: number, sizeBytes = 0): void {
  disk.truncating(descriptor, sizeBytes);
  real.ftruncateSync(descriptor, sizeBytes);
}

export function fdatasyncSync(descriptor: number): void {
  disk.synced(descriptor);
}

export function fsyncSync(descriptor: number): void {
  disk.synced(descriptor);
}

export function fdatasync(descriptor: number, callback: Callback): void {
  void later(disk.syncLater(descriptor), callback);
}

export function fsync(descriptor: number, callback: Callback): void {
  void later(disk.syncLater(descriptor), callback);
}

export function ftruncate(descriptor: number, sizeBytes: number, callback: Callback): void {
  const path = disk.pathOf(descriptor);
  const cut = async (): Promise<void> => {
    if (path !== undefined) await disk.delay(path);
    ftruncateSync(descriptor, sizeBytes);
  };
  void later(cut(), callback);
}

export function open(
  path: string,
  flags: string,
  callback: (error: Error | null, descriptor?: number) => void,
): void {
  let descriptor = -1;
  const opened = async (): Promise<void> => {
    await disk.delay(path);
    descriptor = openSync(path, flags);
  };
  void later(opened(), (error) => callback(error, descriptor));
}

export function renameSync(from: string, to: string): void {
  disk.renamed(from, to);
  real.renameSync(from, to);
}

export function unlinkSync(path: string): void {
  disk.removed(path);
  real.unlinkSync(path);
}

export function rmSync(path: string, options?: real.RmOptions): void {
  disk.removed(path);
  real.rmSync(path, options);
}

export function mkdirSync(path: string, options?: real.MakeDirectoryOptions): string | undefined {
  disk.check(path);
  return real.mkdirSync(path, options);
}

async function later(done: Promise<void>, callback: Callback): Promise<void> {
  try {
    await done;
  } catch (error) {
    callback(error as Error);
    return;
  }
  callback(null);
}
