// Ends the worker's process, whatever SQLite is at, when the leaf that started it is gone.

import { readSync } from 'node:fs';

/** The pipe that the leaf holds open and never writes to. */
const LEAF_DESCRIPTOR = 3;

try {
  readSync(LEAF_DESCRIPTOR, new Uint8Array(1));
} finally {
  process.kill(process.pid, 'SIGKILL');
}
