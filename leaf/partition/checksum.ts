// A digest of the content, equal on primary and secondary at one LSN.
//
// A row's digest is the first 16 bytes of the SHA-256 of its table's name and its values; the
// table's is the sum of its rows', so the order in which rows lie makes no difference.

import { createHash } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { decode, encode } from '#shared/codec.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import type { LeafCalls } from '#shared/wire/message.ts';
import type { ReaderPool } from './reader-pool.ts';
import { readMeta } from './state-file.ts';

export type Checksum = LeafCalls['checksum']['reply'];

/** Rows digested before others on the event loop get a turn. */
const ROWS_PER_TURN = 1000;
const DIGEST_BITS = 128n;

/** A partition knows every table of its database, and holds those that are spread to it. */
const SELECT_TABLES = `
  SELECT definition FROM _twinleaf_schema WHERE name COLLATE NOCASE IN (
    SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY name`;

/** Digests every table as of one moment. Rejects with the signal's reason when that fires. */
export async function checksum(readers: ReaderPool, signal?: AbortSignal): Promise<Checksum> {
  const reader = readers.acquire();
  const { connection } = reader;
  try {
    connection.run('BEGIN');
    const position = readMeta(connection).applied;
    const rows = connection.all(SELECT_TABLES);
    const tables: Checksum['tables'][number][] = [];
    for (const [bytes] of rows) {
      const table = decode(bytes as Uint8Array) as TableDefinition;
      tables.push(await digestTable(connection, table, signal));
    }
    return { position, tables };
  } finally {
    if (connection.inTransaction) connection.run('ROLLBACK');
    readers.release(reader);
  }
}

async function digestTable(
  connection: SqliteFile,
  table: TableDefinition,
  signal: AbortSignal | undefined,
): Promise<Checksum['tables'][number]> {
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const sql = `SELECT ${columns} FROM ${quoteIdentifier(table.name)}`;
  let sum = 0n;
  let rows = 0;
  for (const row of connection.iterate(sql)) {
    const digest = createHash('sha256')
      .update(encode([table.name, row]))
      .digest();
    sum += digest.readBigUInt64BE(0) * 2n ** 64n + digest.readBigUInt64BE(8);
    rows += 1;
    if (rows % ROWS_PER_TURN !== 0) continue;
    await yieldToOthers();
    signal?.throwIfAborted();
  }
  const digest = BigInt.asUintN(Number(DIGEST_BITS), sum).toString(16).padStart(32, '0');
  return { name: table.name, rows, digest };
}
