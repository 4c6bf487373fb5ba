// Writes bytes to a file, all of them.

import { writeSync } from 'node:fs';

/** Writes all the bytes at `position`; throws what the file system throws. */
export function writeWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}
