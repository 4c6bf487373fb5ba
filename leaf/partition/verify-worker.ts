// The thread of the verifier: looks through what it is told, and says what it has found.

import { parentPort } from 'node:worker_threads';
import { must } from '#shared/assert.ts';
import { runVerifyTask, type VerifyReply, type VerifyTask } from './verifier.ts';

const port = must(parentPort, 'a worker has a parent');

port.on('message', (task: VerifyTask) => port.postMessage(verify(task)));

function verify(task: VerifyTask): VerifyReply {
  try {
    return { result: runVerifyTask(task), error: '' };
  } catch (error) {
    return { result: null, error: error instanceof Error ? error.message : String(error) };
  }
}
