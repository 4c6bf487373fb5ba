// A SQLite worker: a process that runs what would hold up the leaf's event loop.
//
// A process and no thread, since nothing ends a thread that is inside SQLite.

import { decode, encode } from '#shared/codec.ts';
import { serveParent } from '#shared/worker/serve-parent.ts';
import { replyParts, type WorkerRequest } from './worker-message.ts';
import { WorkerService } from './worker-service.ts';

const service = new WorkerService();
serveParent((request) => replyParts(service.serve(decode(request) as WorkerRequest), encode));
