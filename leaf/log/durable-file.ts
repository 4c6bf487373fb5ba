// A small file that is replaced as a whole: after a crash it is the old one or the new one.

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-files.ts';

/**
 * Replaces the file at `path`, durably, off the event loop. Rejects with what the file system
 * throws: nothing changed. One at a time for one path.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}
