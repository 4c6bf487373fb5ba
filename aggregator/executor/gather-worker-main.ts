// A gather worker: a process that computes what would hold up the aggregator's event loop.
//
// A process and no thread, since nothing ends a thread that is inside SQLite.

import { decode, encode } from '#shared/codec.ts';
import { serveParent } from '#shared/worker/serve-parent.ts';
import type { GatherRequest } from './gather-message.ts';
import { GatherService } from './gather-service.ts';

const service = new GatherService();
serveParent((request) => [encode(service.serve(decode(request) as GatherRequest))]);
