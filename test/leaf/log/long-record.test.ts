// A long record in a log: the same bytes as any other, written and read in pieces.

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { Log } from '#leaf/log/log.ts';
import { SegmentDamage } from '#leaf/log/log-damage.ts';
import { encodeFrame, FRAME_HEADER_BYTES, FrameError, logStart } from '#shared/log/log-frame.ts';
import { decodeHead, encodeHead, LONG_BODY_BYTES, PIECE_BYTES } from '#shared/log/long-frame.ts';
import type { RecordDraft } from '#shared/log/log-frame.ts';
import type { RecordPart } from '#shared/wire/message.ts';
import { LongReceiver } from '#leaf/partition/long-receiver.ts';

const options = { durability: 'sync', segmentBytesMax: 64 * 1024 } as const;
const start = { position: logStart, timestamp: 0n };
const none = new Uint8Array(0);

function directory(t: ExecutionContext): string {
  return join(temporaryDirectory(t), 'log');
}

function draftOf(changeset: Uint8Array, timestamp = 5n): RecordDraft {
  return { term: 1, timestamp, origin: 'here', payload: { kind: 'rows', changeset } };
}

/** Bytes in which no two pieces are the same. */
function changesOf(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => (index * 7919) >> 5);
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function appendLong(log: Log, changes: Uint8Array): Promise<void> {
  const head = encodeHead(log.tail.lsn + 1n, draftOf(none), changes.length);
  const long = log.beginLong(head.length + changes.length);
  await long.add(head);
  for (const piece of piecesOf(changes)) await long.add(piece);
  await log.finishLong(decodeHead(head, head.length + changes.length), null);
}

/** What every record of the log says, in turns. */
async function told(log: Log): Promise<(bigint | string)[][]> {
  const found: (bigint | string)[][] = [];
  for await (const item of log.reader.recordsInTurns(logStart)) {
    const record = 'changes' in item ? item.record : item;
    found.push([record.lsn, 'changes' in item ? `${item.changes.bytes}` : record.payload.kind]);
  }
  return found;
}

test('long record: the same bytes as one that is laid out as one, among others', async (t) => {
  const [first, second] = [directory(t), directory(t)];
  const whole = await Log.create(first, start, options);
  const inPieces = await Log.create(second, start, options);
  const changes = changesOf(2 * LONG_BODY_BYTES + 77);
  for (const log of [whole, inPieces]) log.append(draftOf(changesOf(100)));
  whole.append(draftOf(changes));
  await appendLong(inPieces, changes);
  t.deepEqual(inPieces.tail, whole.tail);
  const name = '0000000001.log';
  t.true(readFileSync(join(second, name)).equals(readFileSync(join(first, name))));
  for (const log of [whole, inPieces]) log.append(draftOf(changesOf(9)));
  t.deepEqual(inPieces.tail, whole.tail);
  const all = [
    [1n, 'rows'],
    [2n, `${changes.length}`],
    [3n, 'rows'],
  ];
  await whole.close();
  await inPieces.close();
  const again = await Log.open(second, 0n, options);
  t.deepEqual(await told(again), all);
  t.deepEqual(
    again.reader.positionAt(2n),
    encodeFrame(again.reader.positionAt(1n), draftOf(changes)).position,
  );
  t.is(await again.reader.longAfter(0n, 3n), null);
  t.is(await again.reader.longAfter(2n, 3n), null);
  await again.close();
});

test('long record: what another copy sends is taken as it is, or not at all', async (t) => {
  const changes = changesOf(LONG_BODY_BYTES + 5);
  const { frame } = encodeFrame(logStart, draftOf(changes));
  const header = frame.subarray(0, FRAME_HEADER_BYTES);
  const body = frame.subarray(FRAME_HEADER_BYTES);
  const log = await Log.create(directory(t), start, options);
  const take = async (bytes: Uint8Array): Promise<void> => {
    const long = log.beginLong(body.length);
    try {
      for (const piece of piecesOf(bytes)) await long.add(piece);
      await log.finishLong(decodeHead(body, body.length), header);
    } catch (error) {
      await log.abandonLong();
      throw error;
    }
  };
  const bent = new Uint8Array(body);
  bent.fill(1, -3, -2);
  await t.throwsAsync(take(bent), { instanceOf: FrameError });
  await t.throwsAsync(take(body.subarray(0, -1)), { instanceOf: FrameError });
  t.is(log.tail.lsn, 0n);
  await take(body);
  t.is(log.tail.lsn, 1n);
  t.true(Buffer.from(log.read(0n, 1, 1n)).equals(frame));
  await log.close();
});

test('long record: a crash amid it leaves a torn end, which is cut off', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, start, options);
  log.append(draftOf(changesOf(100)));
  await log.sync();
  const long = log.beginLong(3 * LONG_BODY_BYTES);
  for (const piece of piecesOf(changesOf(LONG_BODY_BYTES))) await long.add(piece);
  const segment = join(path, '0000000001.log');
  const torn = readFileSync(segment);
  await log.close();
  t.true(readFileSync(segment).length < torn.length, 'nothing of it stays where it is given up');
  writeFileSync(segment, torn);
  const again = await Log.open(path, 1n, { ...options, strict: true });
  t.is(again.tail.lsn, 1n);
  await again.close();
});

test('long record: a damaged one is noticed before its last piece is given', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, start, options);
  const changes = changesOf(LONG_BODY_BYTES + PIECE_BYTES);
  await appendLong(log, changes);
  log.append(draftOf(changesOf(10)));
  await log.sync();
  const frame = must(await log.reader.longAfter(0n, 2n));
  const read = async (): Promise<number> => {
    let bytes = 0;
    for await (const piece of log.reader.readLong(frame, 1n)) bytes += piece.length;
    return bytes;
  };
  t.is(await read(), frame.bytes);
  const segment = join(path, '0000000001.log');
  const bytes = readFileSync(segment);
  bytes.fill(bytes.readUInt8(bytes.length >>> 1) ^ 4, bytes.length >>> 1, (bytes.length >>> 1) + 1);
  writeFileSync(segment, bytes);
  await t.throwsAsync(read(), { instanceOf: SegmentDamage });
  truncateSync(segment, bytes.length >>> 1);
  await t.throwsAsync(read(), { instanceOf: SegmentDamage });
});

test('long record: a definition goes as one, however long it is', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, start, options);
  const change = { version: 2, sqlite: ['x'.repeat(LONG_BODY_BYTES + 9)], put: [], drop: [] };
  const draft = draftOf(none);
  const { position } = log.append({ ...draft, payload: { kind: 'definition', change } });
  log.append(draftOf(changesOf(10)));
  await log.close();
  const again = await Log.open(path, 0n, options);
  t.is(await again.reader.longAfter(0n, 2n), null);
  t.deepEqual(again.reader.positionAt(1n), position);
  const all = [
    [1n, 'definition'],
    [2n, 'rows'],
  ];
  t.deepEqual(await told(again), all);
  await again.close();
});

test('long record: one that is ended while its header is written is there, or fails', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, start, options);
  const changes = changesOf(LONG_BODY_BYTES + 1);
  const head = encodeHead(1n, draftOf(none), changes.length);
  const long = log.beginLong(head.length + changes.length);
  await long.add(head);
  for (const piece of piecesOf(changes)) await long.add(piece);
  const finished = log.finishLong(decodeHead(head, head.length + changes.length), null);
  const closed = log.close();
  await t.throwsAsync(finished, { instanceOf: FrameError });
  await closed;
  const again = await Log.open(path, 0n, { ...options, strict: true });
  t.is(again.tail.lsn, 0n);
  await again.close();
});

test('long record: parts that lie leave nothing, the true ones are taken', async (t) => {
  const log = await Log.create(directory(t), start, options);
  const { frame } = encodeFrame(logStart, draftOf(changesOf(LONG_BODY_BYTES + 5)));
  const bytesTotal = frame.length;
  const partOf = (from: number, to: number) => ({
    offset: from,
    bytes: frame.subarray(from, to),
    bytesTotal,
  });
  const first = partOf(0, PIECE_BYTES);
  const receiver = new LongReceiver(log);
  const refused = async (parts: readonly RecordPart[]): Promise<void> => {
    for (const part of parts.slice(0, -1)) t.is(await receiver.take(part), null);
    await t.throwsAsync(receiver.take(must(parts.at(-1))));
    t.is(log.room(), null);
    t.is(log.tail.lsn, 0n);
  };
  await refused([partOf(PIECE_BYTES, 2 * PIECE_BYTES)]);
  await refused([first, partOf(PIECE_BYTES + 1, 2 * PIECE_BYTES)]);
  await refused([{ ...first, bytesTotal: bytesTotal + 1 }]);
  await refused([partOf(0, FRAME_HEADER_BYTES)]);
  await refused([partOf(0, 3)]);
  const tooLong = Buffer.concat([frame.subarray(PIECE_BYTES), Buffer.alloc(1)]);
  await refused([first, { ...partOf(PIECE_BYTES, bytesTotal), bytes: tooLong }]);
  const bent = Uint8Array.from(frame.subarray(PIECE_BYTES));
  bent.fill(1, -3, -2);
  await refused([first, { ...partOf(PIECE_BYTES, bytesTotal), bytes: bent }]);
  // One that begins anew amid another takes its place.
  t.is(await receiver.take(first), null);
  t.is(await receiver.take(first), null);
  t.is((await receiver.take(partOf(PIECE_BYTES, bytesTotal)))?.record.lsn, 1n);
  await log.sync();
  t.true(Buffer.from(log.read(0n, 1, 1n)).equals(frame));
  await log.close();
});
