// A small file that is replaced as a whole: after a crash it is the old one or the new one.

import { closeSync, fdatasyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './segment.ts';
import { writeWhole } from './write-whole.ts';

/** Replaces the file at `path`, durably. Throws what the file system throws: nothing changed. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, 'w');
  try {
    writeWhole(descriptor, bytes, 0);
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}
