// Looks through files on a thread of its own: closed segments of logs, and SQLite files.
//
// The thread lives while there is something to look through, which is after a start.

import type { Worker } from 'node:worker_threads';
import type { SegmentFault } from '#leaf/log/log-damage.ts';
import { verifyClosedSegment } from '#leaf/log/verify-segment.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Position } from '#shared/log/lsn.ts';
import { startThread } from '#shared/worker/start-thread.ts';
import { checkFile } from './check-file.ts';

/** What to look through. */
export type VerifyTask =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'segment'; readonly path: string; readonly next: Position };

/** What was found: nothing, or what is wrong. */
export type VerifyResult =
  | { readonly kind: 'file'; readonly damage: string }
  | { readonly kind: 'segment'; readonly fault: SegmentFault | null };

export interface VerifyReply {
  /** Null when it could not be looked through. */
  readonly result: VerifyResult | null;
  readonly error: string;
}

/** Looks through files for their damage. */
export interface Verifier {
  /** As the end of a sentence; '' when it is sound. */
  file(path: string): Promise<string>;
  /** The first fault of a closed segment, after which `next` follows; null when it is whole. */
  segment(path: string, next: Position): Promise<SegmentFault | null>;
}

/** Looks through it here and now. */
export function runVerifyTask(task: VerifyTask): VerifyResult {
  if (task.kind === 'file') return { kind: 'file', damage: checkFile(task.path, 'quick') };
  return { kind: 'segment', fault: verifyClosedSegment(task.path, task.next) };
}

interface Waiting {
  readonly task: VerifyTask;
  readonly resolve: (result: VerifyResult) => void;
  readonly reject: (error: unknown) => void;
}

/** One after another, so that a start does not take all of the machine. */
export class ThreadVerifier implements Verifier {
  #worker: Worker | null = null;
  /** The first one is under way. */
  #queue: Waiting[] = [];
  #closed = false;

  async file(path: string): Promise<string> {
    const result = await this.#run({ kind: 'file', path });
    return result.kind === 'file' ? result.damage : '';
  }

  async segment(path: string, next: Position): Promise<SegmentFault | null> {
    const result = await this.#run({ kind: 'segment', path, next });
    return result.kind === 'segment' ? result.fault : null;
  }

  /** Ends the thread; who waits is told that nothing was found out. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#endAll('the leaf stops');
    await worker?.terminate();
  }

  #run(task: VerifyTask): Promise<VerifyResult> {
    if (this.#closed) throw databaseError('internal', { reason: 'the leaf stops' });
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      if (this.#queue.length === 1) this.#next();
    });
  }

  #next(): void {
    const [first] = this.#queue;
    if (first !== undefined) {
      this.#worker ??= this.#start();
      this.#worker.postMessage(first.task);
      return;
    }
    void this.#worker?.terminate();
    this.#worker = null;
  }

  #start(): Worker {
    const worker = startThread(new URL('./verify-worker.ts', import.meta.url));
    worker.on('message', ({ result, error }: VerifyReply) => {
      const { resolve, reject } = must(this.#queue.shift());
      if (result !== null) resolve(result);
      else reject(databaseError('internal', { reason: error }));
      this.#next();
    });
    worker.on('error', (error: Error) => this.#endAll(error.message));
    return worker;
  }

  #endAll(reason: string): void {
    this.#worker = null;
    for (const { reject } of this.#queue.splice(0)) reject(databaseError('internal', { reason }));
  }
}
