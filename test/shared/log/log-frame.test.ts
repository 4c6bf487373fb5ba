// A frame is read back as it was written, and no bit of it can change unnoticed.

import test from 'ava';
import {
  countFrames,
  decodeFrame,
  encodeFrame,
  FrameError,
  logStart,
  readFrames,
  samePosition,
} from '#shared/log/log-frame.ts';
import type { LogPayload } from '#shared/log/log-record.ts';

const payloads: LogPayload[] = [
  { kind: 'term' },
  { kind: 'rows', changeset: Uint8Array.of(1, 2, 3) },
  {
    kind: 'definition',
    change: { version: 3, sqlite: ['CREATE TABLE t (a)'], put: [], drop: ['u'] },
  },
  { kind: 'prepare', transactionId: 't', participants: [0, 5], changeset: Uint8Array.of(9) },
  { kind: 'commit', transactionId: 't' },
  { kind: 'abort', transactionId: 'u' },
];

function run(): { frames: Uint8Array[]; bytes: Uint8Array } {
  let position = logStart;
  const frames = payloads.map((payload, index) => {
    const draft = { term: 1, timestamp: BigInt(index) << 16n, origin: 'here', payload };
    const encoded = encodeFrame(position, draft);
    position = encoded.position;
    return encoded.frame;
  });
  return { frames, bytes: Buffer.concat(frames) };
}

test('frame: every kind of record comes back as it was', (t) => {
  const { bytes } = run();
  const records = [...readFrames(bytes, logStart)].map(({ record }) => record);
  t.deepEqual(
    records.map(({ payload }) => payload),
    payloads,
  );
  t.deepEqual(
    records.map(({ lsn }) => lsn),
    [1n, 2n, 3n, 4n, 5n, 6n],
  );
  t.is(countFrames(bytes), 6);
});

test('frame: rows are read the short way as the long way reads them', (t) => {
  for (const origin of ['', 'here', 'a'.repeat(36), 'ü'.repeat(100), 'b'.repeat(300)]) {
    for (const length of [0, 1, 255, 256, 70_000]) {
      const changeset = new Uint8Array(length).fill(7);
      const draft = { timestamp: 1n << 50n, origin, payload: { kind: 'rows', changeset } } as const;
      const first = encodeFrame(logStart, { term: 127, ...draft });
      const second = encodeFrame(first.position, { term: 128, ...draft });
      const bytes = Buffer.concat([first.frame, second.frame]);
      const read = [...readFrames(bytes, logStart)].map(({ record }) => record);
      const long = [decodeFrame(first.frame, logStart), decodeFrame(second.frame, first.position)];
      t.deepEqual(read, long);
      t.deepEqual(bytes, Buffer.concat([first.frame, second.frame]));
    }
  }
});

test('frame: a flipped bit in rows is noticed', (t) => {
  const payload = { kind: 'rows', changeset: Uint8Array.of(1, 2, 3) } as const;
  const draft = { term: 1, timestamp: 5n, origin: 'here', payload };
  const { frame } = encodeFrame(logStart, draft);
  for (let bit = 0; bit < 8 * frame.length; bit += 1) {
    const flipped = new Uint8Array(frame);
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    const before = new Uint8Array(flipped);
    t.throws(() => [...readFrames(flipped, logStart)], { instanceOf: FrameError }, `${bit}`);
    t.deepEqual(flipped, before);
  }
});

test('frame: its bytes are frozen', (t) => {
  const [frame] = run().frames;
  t.is(
    Buffer.from(frame ?? []).toString('hex'),
    '1e0000005de5ffd9fd8f6f5056b696849501cf0000000000000001cf0000000000000000a468657265' +
      'a47465726d',
  );
});

test('frame: a flipped bit, a cut and another order are noticed', (t) => {
  const { frames, bytes } = run();
  const [first, second] = frames as [Uint8Array, Uint8Array];
  for (let index = 0; index < first.length; index += 1) {
    const flipped = new Uint8Array(first);
    flipped[index] = (flipped[index] ?? 0) ^ 4;
    t.throws(() => decodeFrame(flipped, logStart), { instanceOf: FrameError });
  }
  const all = (run: Uint8Array): unknown => [...readFrames(run, logStart)];
  t.throws(() => all(bytes.subarray(0, -1)), { instanceOf: FrameError });
  t.throws(() => all(second), { instanceOf: FrameError });
  t.throws(() => all(Buffer.concat([first, first])), { instanceOf: FrameError });
});

test('frame: the same record in another history has another hash', (t) => {
  const draft = { term: 1, timestamp: 5n, origin: 'x', payload: { kind: 'term' } } as const;
  const here = encodeFrame(logStart, draft).position;
  const next = { ...draft, timestamp: 6n };
  const other = encodeFrame(logStart, next).position;
  t.false(samePosition(here, other));
  const continued = encodeFrame(here, draft).frame;
  t.throws(() => decodeFrame(continued, other), { message: /another history/ });
});
