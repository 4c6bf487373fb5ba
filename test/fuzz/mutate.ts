// Packets made wrong: bytes, lengths, order, and where one write ends and the next begins.

import { deflateSync } from 'node:zlib';
import type { RandomInteger } from '#test/support/seeded-random.ts';
import type { Conversation } from './record-conversations.ts';

/** One conversation as the bytes of its writes, and how many of its packets were made wrong. */
export interface Mutated {
  readonly writes: readonly Buffer[];
  readonly packets: number;
}

const interesting = [0x00, 0x01, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
const HEADER_BYTES = 4;

/** Every second packet is made wrong; some come twice, elsewhere or from somebody else. */
export function mutateConversation(
  random: RandomInteger,
  own: Conversation,
  others: readonly Conversation[],
): Mutated {
  const frames: Buffer[] = [];
  let packets = 0;
  for (const payload of own) {
    const isWrong = random(4) !== 0;
    const changed = isWrong
      ? mutatePayload(random, payload, pick(random, pick(random, others)))
      : payload;
    frames.push(frameOf(random, changed, isWrong));
    if (isWrong) packets += 1;
    if (random(30) === 0) frames.push(randomBytes(random, random(64)));
  }
  if (random(10) === 0) frames.sort(() => random(3) - 1);
  return { writes: cut(random, Buffer.concat(frames)), packets };
}

/** Changes a payload in one to three places. */
export function mutatePayload(random: RandomInteger, payload: Buffer, other: Buffer): Buffer {
  let changed = Buffer.from(payload);
  for (let times = 1 + random(3); times > 0; times -= 1)
    changed = mutateOnce(random, changed, other);
  return changed;
}

function mutateOnce(random: RandomInteger, bytes: Buffer, other: Buffer): Buffer<ArrayBuffer> {
  const at = random(bytes.length + 1);
  const end = Math.min(at + random(8), bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const copy = Buffer.from(bytes);
  switch (random(9)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
      return copy;
    case 1:
      if (at < copy.length) copy[at] = pick(random, interesting);
      return copy;
    case 2:
      return Buffer.concat([before, randomBytes(random, random(16)), after]);
    case 3:
      return Buffer.concat([before, bytes.subarray(end)]);
    case 4:
      return Buffer.from(before);
    case 5:
      return Buffer.concat([before, other.subarray(random(other.length + 1))]);
    case 6:
      return Buffer.concat([bytes, bytes.subarray(at, at + random(200))]);
    case 7:
      copy.fill(pick(random, interesting), at, end);
      return copy;
    default:
      return Buffer.concat([before, lengthLie(random), after]);
  }
}

/** A length-encoded length that promises more than there is. */
function lengthLie(random: RandomInteger): Buffer {
  const lengths = [
    [0xfc, 0xff, 0xff],
    [0xfd, 0xff, 0xff, 0xff],
    [0xfe, ...Array(8).fill(0xff)],
  ];
  return Buffer.from([...pick(random, lengths), random(256)]);
}

/** The packet, whose header rarely lies about its length and often about its number. */
function frameOf(random: RandomInteger, payload: Buffer, isWrong: boolean): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const lies = isWrong && random(40) === 0;
  const length = lies
    ? pick(random, [0, payload.length + 1 + random(300), 0xff_ffff, random(50)])
    : payload.length;
  header.writeUIntLE(Math.min(length, 0xff_ffff), 0, 3);
  header[3] = isWrong && random(4) === 0 ? random(256) : 0;
  return Buffer.concat([header, payload]);
}

/** Pieces of any size: each is one write. */
function cut(random: RandomInteger, bytes: Buffer): readonly Buffer[] {
  if (random(3) !== 0) return [bytes];
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random(200);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** The writes in frames of the compressed protocol, most of which are as they should be. */
export function framedWrites(random: RandomInteger, writes: readonly Buffer[]): readonly Buffer[] {
  return writes.map((bytes) => {
    const isDeflated = random(2) === 0;
    const body = isDeflated ? deflateSync(bytes) : bytes;
    const frame = Buffer.alloc(7 + body.length);
    frame.writeUIntLE(body.length & 0xff_ffff, 0, 3);
    frame.writeUIntLE(isDeflated ? bytes.length & 0xff_ffff : 0, 4, 3);
    body.copy(frame, 7);
    return random(5) === 0 ? mutatePayload(random, frame, bytes) : frame;
  });
}

function randomBytes(random: RandomInteger, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random(256)));
}

export function pick<T>(random: RandomInteger, list: readonly T[]): T {
  return list[random(list.length)] as T;
}
