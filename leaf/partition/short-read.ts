// Short reads, all of whose rows are taken at once: the way of a lookup by key.

import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import type { LeafStreams } from '#shared/wire/message.ts';
import type { PartitionCore } from './partition-core.ts';
import type { Reader } from './reader-pool.ts';
import { REFERENCE_SCHEMA } from './reference-file.ts';
import { fitsNumbers, readRows, takeBatch } from './row-batches.ts';

/** A result of more rows goes the long way, batch by batch. */
const ROWS_MAX = 1024;
/** Columns that can hold more bytes than this together are read row by row. */
const ROW_BYTES_MAX = 4096;

/** In every statement that reads a reference table from beside it; in some others, too. */
const REFERENCE_MARK = `${REFERENCE_SCHEMA}.`;

const limit = ` LIMIT ${ROWS_MAX + 1}`;

type ReadRequest = Omit<LeafStreams['read']['request'], 'key'>;

/**
 * All rows as of the newest commit; null where they may be many, or may take long. Nothing is
 * under way then.
 */
export function readShort(core: PartitionCore, request: ReadRequest): readonly Row[] | null {
  const { readers, costs, environment, file } = core;
  const { statement, catalogVersion } = request;
  // Of reference tables, another partition of this leaf is told when something is committed.
  const isOwn = !statement.sql.includes(REFERENCE_MARK);
  const reader = isOwn ? readers.acquireShort(file.commits) : readers.acquire();
  try {
    const isFree = environment.workers === null;
    const cost = isFree ? 'key' : costs.of(reader.connection, statement, catalogVersion);
    if (cost === 'long') return null;
    if (cost === 'key') return takeAll(core, reader, request);
    return costs.timed(statement.sql, () => takeAll(core, reader, request));
  } catch (error) {
    readers.letGo();
    throw error;
  } finally {
    readers.release(reader);
  }
}

function takeAll(
  { costs }: PartitionCore,
  { connection }: Reader,
  request: ReadRequest,
): readonly Row[] | null {
  const { statement, columns } = request;
  if (request.mayLimit === true && areNarrow(columns)) {
    const { sql, parameters } = statement;
    const rows = connection.rows(costs.limited(sql, limit), parameters, fitsNumbers(columns));
    return rows.length <= ROWS_MAX ? rows : null;
  }
  const source = readRows(connection, statement, { cached: true, columns });
  try {
    const { batch, done } = takeBatch(source);
    return done ? batch.rows : null;
  } finally {
    source.return?.();
  }
}

function areNarrow(columns: readonly ColumnType[]): boolean {
  let bytes = 0;
  for (const type of columns) {
    bytes += 'length' in type ? 4 * type.length : type.kind === 'json' ? Infinity : 64;
  }
  return bytes <= ROW_BYTES_MAX;
}
