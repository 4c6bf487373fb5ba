// The thread that reads partitions' contents: snapshots held open, and digests of what they hold.

import { hash } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { ContentAnswer, ContentAsk, TableContent } from '#shared/wire/content-message.ts';
import { contentTables, digestTable, rowsOfBuckets } from './content.ts';
import type { ContentReply, ContentRequest } from './content-reader.ts';
import { readMeta } from './state-file.ts';

interface Held {
  readonly connection: SqliteFile;
  readonly tables: ReadonlyMap<string, TableDefinition>;
  /** The digests of the buckets by table, once they are known. */
  readonly buckets: Map<string, Uint8Array>;
  /** The last question's end: they are answered one after another. */
  last: Promise<unknown>;
  closed: boolean;
}

class ContentService {
  #held = new Map<string, Held>();
  #counter = 0;

  /** Never rejects. */
  async take({ id, ask }: ContentRequest): Promise<ContentReply> {
    try {
      if (ask.kind === 'open') return { id, opened: this.#open(ask.path), error: '' };
      return { id, answer: await this.#answer(ask.snapshot, ask.ask), error: '' };
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error) };
    }
  }

  #open(path: string): NonNullable<ContentReply['opened']> {
    const connection = openWithFunctions(path, { readOnly: true });
    try {
      connection.run('BEGIN');
      const position = readMeta(connection).applied;
      const tables = contentTables(connection);
      this.#counter += 1;
      const snapshot = String(this.#counter);
      this.#held.set(snapshot, {
        connection,
        tables: new Map(tables.map((table) => [table.name, table])),
        buckets: new Map(),
        last: Promise.resolve(),
        closed: false,
      });
      return { snapshot, position, tables };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #answer(snapshot: string, ask: ContentAsk): Promise<ContentAnswer> {
    const held = must(this.#held.get(snapshot), 'a snapshot that is asked is held');
    if (ask.kind === 'close') {
      this.#held.delete(snapshot);
      held.closed = true;
      await held.last;
      held.connection.close();
      return { kind: 'closed' };
    }
    const before = held.last;
    const { promise, resolve } = Promise.withResolvers<void>();
    held.last = promise;
    await before;
    try {
      return await answer(held, ask);
    } finally {
      resolve();
    }
  }
}

async function answer(
  held: Held,
  ask: Exclude<ContentAsk, { kind: 'close' }>,
): Promise<ContentAnswer> {
  const pause = async (): Promise<void> => {
    await yieldToOthers();
    if (held.closed) throw new DOMException('the check was given up', 'AbortError');
  };
  const { connection, tables, buckets } = held;
  switch (ask.kind) {
    case 'tables': {
      const contents: TableContent[] = [];
      for (const [name, table] of tables) {
        await pause();
        const digest = await digestTable(connection, table, pause);
        buckets.set(name, digest.buckets);
        contents.push({ name, rows: digest.rows, digest: hash('sha256', digest.buckets) });
      }
      return { kind: 'tables', tables: contents };
    }
    case 'buckets':
      return { kind: 'buckets', digests: buckets.get(ask.table) ?? new Uint8Array() };
    case 'rows': {
      const table = tables.get(ask.table);
      if (table === undefined) return { kind: 'rows', rows: [], isCut: false };
      const found = await rowsOfBuckets(connection, table, { buckets: ask.buckets, pause });
      return { kind: 'rows', ...found };
    }
  }
}

const port = must(parentPort, 'a worker has a parent');
const service = new ContentService();

port.on('message', async (request: ContentRequest) => {
  port.postMessage(await service.take(request));
});
