// The short reads of several partitions, in one turn of the event loop: between them nothing is
// committed here.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import { RowPackets } from '#shared/mysql/row-packets.ts';
import { shrinkInteger } from '#shared/sqlite-file.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { OpenedRead, PartRead, ReadTogetherCalls } from '#shared/wire/read-together.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { fitsNumbers } from '#leaf/partition/row-batches.ts';

type Request = ReadTogetherCalls['readTogether']['request'];

/** Throws DatabaseError and others. */
export function readTogether(
  find: (key: PartitionKey) => Partition,
  request: Request,
  encoder: RowPackets,
): ReadTogetherCalls['readTogether']['reply'] {
  const parts: PartRead[] = [];
  for (const ordinal of request.ordinals) {
    let opened: OpenedRead | null = null;
    const read = { ...request, transaction: null, forUpdate: false };
    const rows = find({ database: request.database, ordinal }).readNow(read, (told) => {
      opened = told;
    });
    if (rows === null || opened === null) return { parts: null };
    parts.push(partOf(request, encoder, { rows, opened }));
  }
  return { parts };
}

function partOf(
  { columns, format }: Request,
  encoder: RowPackets,
  { rows, opened }: { readonly rows: readonly Row[]; readonly opened: OpenedRead },
): PartRead {
  if (format === null) {
    const fits = fitsNumbers(columns);
    return { kind: 'rows', opened, rows: fits ? rows : rows.map((row) => row.map(shrinkInteger)) };
  }
  // The encoder's bytes hold until the next partition's.
  const { packets, count } = encoder.encode(rows, columns, format);
  return { kind: 'packets', opened, packets: Uint8Array.from(packets), count };
}
