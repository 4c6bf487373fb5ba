// The thread of the checkpointer: opens the file it is told, checkpoints it, and closes it again.

import { parentPort } from 'node:worker_threads';
import { must } from '#shared/assert.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import type { CheckpointReply, CheckpointRequest } from './checkpointer.ts';

const port = must(parentPort, 'a worker has a parent');

port.on('message', ({ id, path }: CheckpointRequest) => {
  port.postMessage({ id, ...checkpoint(path) } satisfies CheckpointReply);
});

function checkpoint(path: string): Omit<CheckpointReply, 'id'> {
  try {
    const file = SqliteFile.open(path, { functions: false });
    try {
      return { whole: file.checkpoint('passive'), error: '' };
    } finally {
      file.close();
    }
  } catch (error) {
    return { whole: false, error: error instanceof Error ? error.message : String(error) };
  }
}
