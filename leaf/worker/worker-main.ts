// A SQLite worker: a process that runs what would hold up the leaf's event loop.
//
// A process and no thread, since nothing ends a thread that is inside SQLite. Requests come on
// stdin, replies leave on stdout. It dies with its leaf: a thread of its own waits on a pipe that
// only the leaf holds open.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { decode, encode } from '#shared/codec.ts';
import { FrameReader, frameHeader } from '#shared/wire/frame-reader.ts';
import { replyParts, type WorkerRequest } from './worker-message.ts';
import { WorkerService } from './worker-service.ts';

const REQUEST_BYTES_MAX = 2 ** 31;

/** Serves until the leaf is gone. */
function main(): void {
  new Worker(fileURLToPath(new URL('./die-with-leaf.ts', import.meta.url)), {
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  // Ctrl-C on a terminal is for the leaf, which ends its workers.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const service = new WorkerService();
  const reader = new FrameReader(REQUEST_BYTES_MAX);
  process.stdin.on('data', (chunk: Uint8Array) => {
    reader.push(chunk);
    for (let frame = reader.take(); frame !== null; frame = reader.take()) {
      const reply = service.serve(decode(frame) as WorkerRequest);
      const parts = replyParts(reply, encode);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      process.stdout.write(Buffer.concat([frameHeader(length), ...parts]));
    }
  });
}

main();
