// The log keeps what it was given, in order, over segments, restarts and torn tails.

import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Log } from '#leaf/log/log.ts';
import type { LogOptions } from '#leaf/log/log-options.ts';
import { LogDamage, SegmentDamage, type SegmentFault } from '#leaf/log/log-damage.ts';
import { verifyClosedSegment } from '#leaf/log/verify-segment.ts';
import { DatabaseError } from '#shared/error.ts';
import { countFrames, decodeFrame, logStart, readFrames } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import { SmallDisk, smallDiskTest } from '#test/support/small-disk.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const options: LogOptions = { durability: 'sync', segmentBytesMax: 4096 };

function directory(t: ExecutionContext): string {
  return join(temporaryDirectory(t), 'log');
}

const draft = { term: 1, timestamp: 1n, origin: 'here', payload: { kind: 'term' } } as const;

async function fill(log: Log, count: number, bytes = 100): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const changeset = new Uint8Array(bytes).fill(index);
    const timestamp = BigInt(index + 1) << 16n;
    for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
    log.append({ term: 1, timestamp, origin: 'here', payload: { kind: 'rows', changeset } });
  }
}

function records(log: Log): LogRecord[] {
  return [...log.reader.records(logStart)];
}

test('log: what was appended is read back over many segments and a restart', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 200);
  t.is(log.tail.lsn, 200n);
  t.true(log.hardened.lsn < 200n);
  await log.sync();
  t.is(log.hardened.lsn, 200n);
  const written = records(log);
  await log.close();
  t.true(readdirSync(path).length > 3);
  const again = await Log.open(path, 200n, options);
  t.deepEqual(records(again), written);
  t.deepEqual(again.tail, log.tail);
  t.is(again.reader.contains(again.reader.positionAt(57n)), 'same');
  await again.close();
});

test('log: a torn last record is cut off, and appending goes on', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 5);
  await log.close();
  const file = join(path, '0000000001.log');
  truncateSync(file, readFileSync(file).length - 3);
  const again = await Log.open(path, 4n, options);
  t.is(again.tail.lsn, 4n);
  await fill(again, 1);
  t.is(again.tail.lsn, 5n);
  await again.close();
});

test('log: damage before what the file has applied is named, and nothing is cut', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 5);
  await log.close();
  const file = join(path, '0000000001.log');
  const bytes = readFileSync(file);
  bytes[300] = (bytes[300] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const error = await t.throwsAsync(Log.open(path, 5n, options), { instanceOf: LogDamage });
  t.regex(error?.message ?? '', /0000000001\.log/);
  t.is(readFileSync(file).length, bytes.length);
});

test('log: records that come while the next segment is begun wait for it', async (t) => {
  const path = directory(t);
  const places: string[] = [];
  const failpoint = (name: string): void => void places.push(name);
  const log = await Log.create(
    path,
    { position: logStart, timestamp: 0n },
    { ...options, failpoint },
  );
  while (log.room() === null) await fill(log, 1);
  const { tail } = log;
  const waiting = [fill(log, 1), fill(log, 1), log.closeSegment()];
  t.throws(() => log.append(draft), { message: /without room/ });
  t.deepEqual(log.tail, tail, 'nothing is appended meanwhile');
  await Promise.all(waiting);
  t.is(log.tail.lsn, tail.lsn + 2n);
  t.true(log.hardened.lsn >= tail.lsn, 'what stands in a closed segment is on disk');
  const rolls = places.filter((name) => name.endsWith('-roll'));
  t.deepEqual(rolls.slice(0, 3), ['before-roll', 'amid-roll', 'after-roll']);
  t.deepEqual(log.closedSegments()[0]?.last, tail);
  // One that closes meanwhile has its next segment.
  while (log.room() === null) await fill(log, 1);
  const end = log.tail;
  await log.close();
  const again = await Log.open(path, end.lsn, options);
  t.deepEqual(again.tail, end);
  t.deepEqual(again.closedSegments().at(-1)?.last, end);
  await again.close();
});

test('log: contains tells same, different, ahead and dropped apart', async (t) => {
  const log = await Log.create(directory(t), { position: logStart, timestamp: 0n }, options);
  await fill(log, 100);
  await log.sync();
  const at = log.reader.positionAt(40n);
  t.is(log.reader.contains(at), 'same');
  t.is(log.reader.contains({ ...at, term: 2 }), 'different');
  t.is(log.reader.contains({ ...at, logHash: new Uint8Array(8) }), 'different');
  t.is(log.reader.contains({ ...at, lsn: 101n }), 'ahead');
  t.is(log.reader.contains(logStart), 'same');
  await log.dropSegments(2);
  t.is(log.reader.contains(logStart), 'dropped');
  t.is(log.reader.contains(log.reader.positionAt(log.firstLsn - 1n)), 'same');
  await log.close();
});

test('log: a follower gets what is on disk, in bounded batches, and waits for more', async (t) => {
  const wide = { ...options, segmentBytesMax: 1_000_000 };
  const log = await Log.create(directory(t), { position: logStart, timestamp: 0n }, wide);
  await fill(log, 50);
  t.is(log.read(0n, 1000).length, 0);
  await log.sync();
  const end = new AbortController();
  let position = logStart;
  while (!end.signal.aborted) {
    await log.waitAfter(position.lsn, end.signal);
    const frames = log.read(position.lsn, 500);
    t.true(frames.length > 0 && frames.length <= 500);
    for (const { record } of readFrames(frames, position)) {
      position = { term: record.term, lsn: record.lsn, logHash: record.logHash };
    }
    if (position.lsn === 50n) {
      await fill(log, 1);
      void log.sync();
    }
    if (position.lsn === 51n) end.abort();
  }
  t.deepEqual(position, log.tail);
  await log.close();
});

test('log: frames of another copy are kept byte for byte', async (t) => {
  const first = await Log.create(directory(t), { position: logStart, timestamp: 0n }, options);
  const second = await Log.create(directory(t), { position: logStart, timestamp: 0n }, options);
  await fill(first, 30);
  await first.sync();
  for (let lsn = 0n; lsn < 30n; lsn = second.tail.lsn) {
    for (let wait = second.room(); wait !== null; wait = second.room()) await wait;
    second.appendVerified([...readFrames(first.read(lsn, 700), second.tail)]);
  }
  await second.sync();
  t.deepEqual(second.tail, first.tail);
  t.deepEqual(second.read(9n, 100), first.read(9n, 100));
  await first.close();
  await second.close();
});

test('log: truncateAfter takes records back over segments; reset begins elsewhere', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 100);
  const at = log.reader.positionAt(33n);
  await log.truncateAfter(33n);
  t.deepEqual(log.tail, at);
  await fill(log, 3);
  await log.sync();
  t.is(countFrames(log.read(30n, 10_000)), 6);
  t.is(decodeFrame(log.read(33n, 1), at).lsn, 34n);
  const elsewhere = { term: 7, lsn: 1000n, logHash: new Uint8Array(8).fill(3) };
  await log.reset(elsewhere, 5n);
  t.is(log.firstLsn, 1001n);
  log.append({ term: 7, timestamp: 6n, origin: 'x', payload: { kind: 'term' } });
  await log.close();
  const again = await Log.open(path, 1001n, options);
  t.is(again.tail.lsn, 1001n);
  await again.close();
});

/** Five records of a primary in one segment; the third is damaged in its middle. */
async function rotten(path: string): Promise<void> {
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 8);
  await log.close();
  const file = join(path, '0000000001.log');
  const bytes = readFileSync(file);
  const third = Math.floor((bytes.length * 2.5) / 8);
  bytes[third] = (bytes[third] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test('log: a damaged record before whole ones is no torn end, at a primary', async (t) => {
  const path = directory(t);
  await rotten(path);
  const size = readFileSync(join(path, '0000000001.log')).length;
  const strict = { ...options, strict: true };
  const error = await t.throwsAsync(Log.open(path, 0n, strict), { instanceOf: LogDamage });
  t.regex(error?.message ?? '', /damaged at offset \d+, record 3: .*, but record \d is whole/);
  t.is(readFileSync(join(path, '0000000001.log')).length, size);
  // A copy asks its primary for what comes after the damage.
  const copy = await Log.open(path, 0n, options);
  t.is(copy.tail.lsn, 2n);
  await copy.close();
});

test('log: damage in a closed segment is told to who reads it, with its place', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 200);
  await log.close();
  const file = join(path, '0000000002.log');
  const bytes = readFileSync(file);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const faults: SegmentFault[] = [];
  const again = await Log.open(path, 200n, { ...options, onDamage: (fault) => faults.push(fault) });
  const [first, second, third] = again.closedSegments();
  t.is(verifyClosedSegment(first?.path ?? '', first?.last ?? logStart), null);
  const fault = verifyClosedSegment(file, second?.last ?? logStart);
  t.true(fault !== null && fault.offset < 1000 && fault.offset > 800);
  t.throws(() => records(again), { instanceOf: SegmentDamage });
  t.deepEqual(
    faults.map(({ path: at, lsn }) => [at, lsn]),
    [[file, fault?.lsn]],
  );
  const misplaced = verifyClosedSegment(first?.path ?? '', third?.last ?? logStart);
  t.regex(misplaced?.reason ?? '', /of another history/);
  again.leaveBehind(file);
  t.is(again.firstLsn, (second?.last.lsn ?? 0n) + 1n);
  await again.leftBehind.drop();
  t.false(readdirSync(path).includes('0000000002.log'));
  t.true(readdirSync(path).includes('damaged'));
  await again.close();
  const last = await Log.open(path, 200n, options);
  t.is(last.firstLsn, again.firstLsn);
  await last.close();
});

test('log: a segment that was being begun when the process ended is begun again', async (t) => {
  const path = directory(t);
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  await fill(log, 3);
  await log.close();
  writeFileSync(join(path, '0000000002.log'), 'TWINLOG1');
  const again = await Log.open(path, 3n, options);
  t.is(again.tail.lsn, 3n);
  await fill(again, 100);
  await again.close();
  t.is((await Log.open(path, 103n, options)).tail.lsn, 103n);
});

smallDiskTest('log: where there is no room for a segment, nothing of it is left', async (t) => {
  const disk = new SmallDisk(t, 4);
  const path = join(disk.path, 'log');
  const log = await Log.create(path, { position: logStart, timestamp: 0n }, options);
  while (log.sizeBytes <= options.segmentBytesMax) await fill(log, 1);
  const { lsn } = log.tail;
  disk.fillUpTo(0);
  const error = await t.throwsAsync(fill(log, 1), { instanceOf: DatabaseError });
  t.true(error?.is('diskFull'), error?.message);
  t.is(log.tail.lsn, lsn);
  t.deepEqual(readdirSync(path), ['0000000001.log']);
  disk.free();
  await fill(log, 5);
  await log.close();
  const again = await Log.open(path, lsn + 5n, options);
  t.is(again.tail.lsn, lsn + 5n);
  t.is(records(again).length, Number(lsn) + 5);
  await again.close();
});
