// Rows as packets for a client: a short read at once, a long one batch by batch.

import type { LeafStreams } from '#shared/wire/message.ts';
import type { PacketAnswer, PacketBatch } from '#shared/wire/packet-batch.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { RowPackets } from '#shared/mysql/row-packets.ts';
import type { Partition } from '#leaf/partition/partition.ts';

type Request = LeafStreams['readPackets']['request'];

/** Answers by `encoder` at once where the read is short. Throws DatabaseError and others. */
export function readPackets(
  partition: Partition,
  request: Request,
  { encoder, signal }: { readonly encoder: RowPackets; readonly signal: AbortSignal | undefined },
): PacketAnswer | Promise<PacketAnswer> {
  const rows = partition.readNow(request);
  if (rows === null) return longAnswer(packetStream(partition, request, signal));
  return { first: encoder.encode(rows, request.columns, request.format), rest: null };
}

async function longAnswer(batches: AsyncGenerator<PacketBatch>): Promise<PacketAnswer> {
  const first = await batches.next();
  if (first.done !== true) return { first: first.value, rest: batches };
  return { first: { packets: new Uint8Array(), count: 0 }, rest: null };
}

/** Each batch in bytes of its own: the next one may be made before it is passed on. */
export async function* packetStream(
  partition: Partition,
  request: Request,
  signal: AbortSignal | undefined,
): AsyncGenerator<PacketBatch, void, undefined> {
  const encoder = new RowPackets();
  for await (const batch of partition.read(request, signal)) {
    const { packets, count } = encoder.encode(rowsOfBatch(batch), request.columns, request.format);
    yield { packets: Uint8Array.from(packets), count };
  }
}
