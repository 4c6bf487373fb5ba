// A file that the client sends when it is asked for it, in the middle of a command.
//
//   server → client   0xFB and the file's name
//   client → server   the file in packets, then an empty one; after that the command is answered

import { databaseError } from '#shared/error.ts';
import type { PacketStream } from './packet-stream.ts';

const FILE_REQUEST = 0xfb;

/**
 * The file's bytes as they come. Whoever stops early waits until the client has sent the rest,
 * which nobody reads. Throws queryInterrupted when the client goes.
 */
export async function* requestFile(
  stream: PacketStream,
  name: string,
): AsyncGenerator<Uint8Array, void> {
  const { writer } = stream;
  writer.start();
  writer.uint8(FILE_REQUEST);
  writer.text(name);
  writer.finish();
  await stream.flush();
  let isOver = false;
  stream.isOwed = true;
  const next = async () => {
    const packet = await stream.next();
    isOver = packet === null || packet.payload.length === 0;
    if (packet !== null) writer.sequence = (packet.sequence + 1) & 0xff;
    return packet;
  };
  try {
    while (!isOver) {
      const packet = await next();
      if (packet === null) throw databaseError('queryInterrupted', {});
      if (!isOver) yield packet.payload;
    }
  } finally {
    while (!isOver) await next();
    stream.isOwed = false;
  }
}
