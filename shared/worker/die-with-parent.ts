// Ends a worker's process, whatever it is at, when the process that started it is gone.

import { readSync } from 'node:fs';

/** The pipe that the parent holds open and never writes to. */
const PARENT_DESCRIPTOR = 3;

try {
  readSync(PARENT_DESCRIPTOR, new Uint8Array(1));
} finally {
  process.kill(process.pid, 'SIGKILL');
}
