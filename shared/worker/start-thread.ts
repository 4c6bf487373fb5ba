// Starts a thread of this process, with what V8 has made of our modules before: half of its start.

import { Worker } from 'node:worker_threads';

const keepCompiled = new URL('../keep-compiled.js', import.meta.url).href;

/** A thread that runs the module, and keeps no process alive. */
export function startThread(main: URL): Worker {
  // Not with this process's own flags: some of them are refused for a thread.
  const thread = new Worker(main, { execArgv: ['--import', keepCompiled] });
  thread.unref();
  return thread;
}
