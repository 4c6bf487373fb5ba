// Reads partitions' contents on a thread of its own, so that no scan holds up the event loop.

import type { Worker } from 'node:worker_threads';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { Position } from '#shared/log/lsn.ts';
import type { ContentAnswer, ContentAsk } from '#shared/wire/content-message.ts';
import { startThread } from '#shared/worker/start-thread.ts';

export interface ContentRequest {
  readonly id: number;
  readonly ask:
    | { readonly kind: 'open'; readonly path: string }
    | { readonly kind: 'ask'; readonly snapshot: string; readonly ask: ContentAsk };
}

export interface ContentReply {
  readonly id: number;
  readonly opened?: {
    readonly snapshot: string;
    readonly position: Position;
    readonly tables: readonly TableDefinition[];
  };
  readonly answer?: ContentAnswer;
  /** '' when there was none. */
  readonly error: string;
}

interface Waiting {
  readonly resolve: (reply: ContentReply) => void;
  readonly reject: (error: unknown) => void;
}

/** A partition's content at one position, until it is closed. */
export interface ContentSnapshot {
  readonly position: Position;
  /** The tables that it holds rows of. */
  readonly tables: readonly TableDefinition[];
  /** Questions are answered one after another. Rejects when the snapshot is closed meanwhile. */
  ask(ask: ContentAsk): Promise<ContentAnswer>;
  /** Gives up what is being asked. Never rejects. */
  close(): Promise<void>;
}

/** The thread, started with the first snapshot. */
export class ContentReader {
  #worker: Worker | null = null;
  #waiting = new Map<number, Waiting>();
  #counter = 0;

  /** What the file at `path` holds now: writers go on, the snapshot does not change. */
  async open(path: string): Promise<ContentSnapshot> {
    const { opened } = await this.#send({ kind: 'open', path });
    const { snapshot, position, tables } = must(opened ?? null, 'an open is answered so');
    const ask = async (question: ContentAsk): Promise<ContentAnswer> => {
      const { answer } = await this.#send({ kind: 'ask', snapshot, ask: question });
      return must(answer ?? null, 'a question is answered');
    };
    const close = async (): Promise<void> => {
      await Promise.allSettled([ask({ kind: 'close' })]);
    };
    return { position, tables, ask, close };
  }

  /** Ends the thread, and with it all snapshots. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#endWaiting('the leaf stops');
    await worker?.terminate();
  }

  #send(ask: ContentRequest['ask']): Promise<ContentReply> {
    const worker = (this.#worker ??= this.#start());
    this.#counter += 1;
    const request: ContentRequest = { id: this.#counter, ask };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = startThread(new URL('./content-worker.ts', import.meta.url));
    worker.on('message', (reply: ContentReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === '') waiting?.resolve(reply);
      else waiting?.reject(databaseError('internal', { reason: reply.error }));
    });
    worker.on('error', (error) => {
      this.#worker = null;
      this.#endWaiting(error instanceof Error ? error.message : String(error));
    });
    return worker;
  }

  #endWaiting(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(databaseError('internal', { reason }));
    this.#waiting.clear();
  }
}
