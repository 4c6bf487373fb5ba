// The thread of the checkpointer: opens the file it is told, moves its WAL, and closes it again.

import { parentPort } from 'node:worker_threads';
import { must } from '#shared/assert.ts';
import { checkpointFile, startWal } from './checkpoint-file.ts';
import type { CheckpointReply, CheckpointRequest } from './checkpointer.ts';

const port = must(parentPort, 'a worker has a parent');

port.on('message', ({ id, path, starts }: CheckpointRequest) => {
  port.postMessage({ id, ...work(path, starts) } satisfies CheckpointReply);
});

function work(path: string, starts: boolean): Omit<CheckpointReply, 'id'> {
  try {
    const moved = starts ? startWal(path) : checkpointFile(path);
    return { moved, error: '' };
  } catch (error) {
    return { moved: 0, error: error instanceof Error ? error.message : String(error) };
  }
}
