// Makes files durable by their names; one that is gone needs nothing.

import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** fdatasync of each, one after another, off the event loop. */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await syncFileSoon(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

/** fdatasync off the event loop; the file must be there. */
export async function syncFileSoon(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** fdatasync, now. */
export function syncFileNow(path: string): void {
  try {
    const descriptor = openSync(path, 'r');
    try {
      fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** True for the error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
