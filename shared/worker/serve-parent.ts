// A worker process's own end: requests come on stdin, replies leave on stdout, one after another.
//
// It dies with its parent: a thread of its own waits on a pipe that only the parent holds open.

import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FrameReader, frameHeader } from '#shared/wire/frame-reader.ts';

const REQUEST_BYTES_MAX = 2 ** 31;

/** Answers each request by the parts of its reply, until the parent is gone. */
export function serveParent(serve: (request: Uint8Array) => readonly Uint8Array[]): void {
  new Worker(fileURLToPath(new URL('./die-with-parent.ts', import.meta.url)), {
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
  });
  // Ctrl-C on a terminal is for the parent, which ends its workers.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  const reader = new FrameReader(REQUEST_BYTES_MAX);
  let isKept = false;
  process.stdin.on('data', (chunk: Uint8Array) => {
    reader.push(chunk);
    for (let frame = reader.take(); frame !== null; frame = reader.take()) {
      const parts = serve(frame);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      process.stdout.write(Buffer.concat([frameHeader(length), ...parts]));
      // A worker is killed, not ended: what it has compiled would be lost.
      if (!isKept) setImmediate(flushCompileCache);
      isKept = true;
    }
  });
}
