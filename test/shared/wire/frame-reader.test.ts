// How bytes are cut into frames.

import test from 'ava';
import { FrameReader, FrameTooLargeError, frameHeader } from '#shared/wire/frame-reader.ts';

function framed(...payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(payloads.flatMap((payload) => [frameHeader(payload.length), payload]));
}

test('frame-reader: frames come whole and in order, however the bytes are cut', (t) => {
  const payloads = [0, 1, 5, 300, 70_000].map((size, index) => Buffer.alloc(size, index));
  const bytes = framed(...payloads);
  for (const step of [1, 3, 7, 64, 65_536, bytes.length]) {
    const reader = new FrameReader(1_000_000);
    const taken: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += step) {
      reader.push(bytes.subarray(at, at + step));
      for (let frame = reader.take(); frame !== null; frame = reader.take()) {
        taken.push(Buffer.from(frame));
      }
    }
    t.deepEqual(taken, payloads, `cut every ${step} bytes`);
  }
});

test('frame-reader: a frame longer than the limit is refused by its header alone', (t) => {
  const reader = new FrameReader(10);
  reader.push(frameHeader(11));
  t.throws(() => reader.take(), { instanceOf: FrameTooLargeError });
});

test('frame-reader: the limit can be raised between frames', (t) => {
  const reader = new FrameReader(2);
  reader.push(framed(Buffer.from('ab')));
  t.is(reader.take()?.length, 2);
  reader.sizeBytesMax = 20;
  reader.push(framed(Buffer.from('abcdefghij')));
  t.is(reader.take()?.length, 10);
});
