// Laid-out messages are the library's own bytes for the same fields, and are taken apart alike.

import test from 'ava';
import { LaidOutWriter, readLaidOut } from '#shared/wire/laid-out.ts';
import {
  decodePeerMessage,
  encodePeerMessage,
  type PeerMessage,
} from '#shared/wire/peer-message.ts';

const laidOut: readonly PeerMessage[] = [
  { kind: 'read', id: 1, number: 1, ordinal: -1, parameters: [] },
  { kind: 'read', id: 0xffff_ffff, number: 4096, ordinal: 32_767, parameters: [5n, -(2n ** 63n)] },
  { kind: 'last', id: 7, count: 0, packets: Buffer.alloc(0) },
  { kind: 'last', id: 70_000, count: 3, packets: Buffer.alloc(16_000, 5) },
  { kind: 'item', id: 3, item: { kind: 'records', frames: Buffer.alloc(0) } },
  { kind: 'item', id: 0xffff_ffff, item: { kind: 'records', frames: Buffer.alloc(16_000, 6) } },
];

const others: readonly PeerMessage[] = [
  { kind: 'read', id: 2 ** 32, number: 1, ordinal: 0, parameters: [1n] },
  { kind: 'read', id: 1, number: 1, ordinal: 0, parameters: ['text'] },
  { kind: 'read', id: 1, number: 1, ordinal: 0, parameters: Array<bigint>(16).fill(1n) },
  { kind: 'last', id: 1, count: 1, packets: new Uint8Array(16_384) },
  { kind: 'item', id: 2 ** 32, item: { kind: 'records', frames: new Uint8Array(1) } },
  { kind: 'item', id: 1, item: { kind: 'records', frames: new Uint8Array(16_384) } },
  { kind: 'item', id: 1, item: { kind: 'record part', frames: new Uint8Array(1) } },
  { kind: 'item', id: 1, item: null },
  { kind: 'call', id: 1, name: 'ping', request: {} },
];

test('laid out: the fields come back by either way of reading', (t) => {
  const writer = new LaidOutWriter();
  for (const message of laidOut) {
    const written = writer.write(message);
    if (written === null) return t.fail(message.kind);
    const frame = new Uint8Array(written);
    t.deepEqual(readLaidOut(frame), message);
    t.deepEqual(readLaidOut(Buffer.from(frame)), message);
    t.deepEqual(encodePeerMessage(decodePeerMessage(frame)), encodePeerMessage(message));
  }
});

test('laid out: what has no fixed places is left to the library', (t) => {
  const writer = new LaidOutWriter();
  for (const message of others) {
    t.is(writer.write(message), null);
    const frame = encodePeerMessage(message);
    t.deepEqual(readLaidOut(frame) ?? decodePeerMessage(frame), message);
  }
});

test('laid out: a message that is cut or lengthened is not taken for one', (t) => {
  const writer = new LaidOutWriter();
  for (const message of laidOut) {
    const frame = new Uint8Array(writer.write(message) ?? []);
    t.is(readLaidOut(frame.subarray(0, frame.length - 1)), null);
    t.is(readLaidOut(new Uint8Array([...frame, 0])), null);
    for (const at of [0, 2, 7]) {
      const changed = new Uint8Array(frame);
      changed[at] = 0xc0;
      t.is(readLaidOut(changed), null);
    }
  }
  t.is(readLaidOut(new Uint8Array()), null);
});
