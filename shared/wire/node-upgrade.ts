// How a node that connects to an aggregator's MySQL port turns the connection into one of ours.
//
//   aggregator → node   the MySQL greeting packet, as any client gets it
//   node → aggregator   one packet with sequence number 1 whose payload begins with TWINLEAF
//   from here on        our frames, beginning with the listener's greeting (mutual-challenge.ts)
//
// A MySQL packet: payload length in three bytes, little-endian, sequence number, payload.

import type { Socket } from 'node:net';
import type { Clock } from '#shared/clock.ts';
import { HandshakeError, handshakeTimeoutMs } from './mutual-challenge.ts';

/** The first bytes of the payload with which a node answers the MySQL greeting. */
const nodeUpgradePayload = 'TWINLEAF';

/** A greeting longer than this is none, in bytes. */
const greetingBytesMax = 1024;
const packetHeaderBytes = 4;

/** The node's part: reads the greeting away and asks for our protocol. Throws HandshakeError. */
export async function upgradeConnection(socket: Socket, clock: Clock): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  const fail = (reason: string) => reject(new HandshakeError(reason));
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < packetHeaderBytes) return;
    const length = received.readUIntLE(0, 3);
    if (length > greetingBytesMax) return fail('no MySQL greeting at the other end');
    if (received.length < packetHeaderBytes + length) return;
    if (received.length > packetHeaderBytes + length) return fail('words after the greeting');
    if (received[packetHeaderBytes] === 0xff) return fail(refusal(received));
    resolve();
  };
  const onClose = () => fail('connection closed before the greeting');
  const timer = clock.after(handshakeTimeoutMs, () => fail('no greeting in time'));
  socket.on('data', onData).on('close', onClose);
  try {
    await promise;
  } finally {
    timer.cancel();
    socket.pause();
    socket.off('data', onData).off('close', onClose);
  }
  const header = Buffer.from([nodeUpgradePayload.length, 0, 0, 1]);
  socket.write(Buffer.concat([header, Buffer.from(nodeUpgradePayload)]));
}

/** The sentence of a MySQL error packet: 0xff, errno in two bytes, then text. */
function refusal(packet: Buffer): string {
  return packet.subarray(packetHeaderBytes + 3).toString('utf8');
}
