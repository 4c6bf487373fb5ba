// A long record on its way to a follower: in parts, of which few are in memory.

import type { LSN } from '#shared/log/lsn.ts';
import type { SubscribeItem } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';

/** The parts of the frame of record `lsn`. */
export async function* sendLongRecord(
  log: Log,
  frame: LogPlace,
  lsn: LSN,
): AsyncGenerator<SubscribeItem, void, undefined> {
  let offset = 0;
  for await (const bytes of log.reader.readLong(frame, lsn)) {
    yield { kind: 'record part', offset, bytes, bytesTotal: frame.bytes };
    offset += bytes.length;
  }
}
