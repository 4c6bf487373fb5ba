// SHA-256 crypt: the slow salted hash by which MySQL keeps passwords, and prints them as `$A$…`.
//
// The algorithm is Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (public domain text),
// with MySQL's salt of 20 characters.

import { createHash } from 'node:crypto';

export interface CryptHash {
  readonly rounds: number;
  readonly salt: Buffer;
  /** 43 characters. */
  readonly digest: Buffer;
}

const SALT_BYTES = 20;
const DIGEST_CHARACTERS = 43;
const HASH_BYTES = 32;
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Which bytes of the hash go into each group of four characters. */
const GROUPS: readonly (readonly [number, number, number])[] = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
];

/** Reads MySQL's `$A$005$`, salt and digest, a character a byte; null when it is none. */
export function parseCryptHash(text: string): CryptHash | null {
  const bytes = Buffer.from(text, 'latin1');
  const head = /^\$A\$([0-9A-Fa-f]{3})\$/.exec(text);
  const thousands = Number.parseInt(head?.[1] ?? '', 16);
  if (head === null || bytes.length !== head[0].length + SALT_BYTES + DIGEST_CHARACTERS)
    return null;
  // More would let an account's hash hold up the aggregator at every login.
  if (thousands < 5 || thousands > 50) return null;
  const salt = bytes.subarray(head[0].length, head[0].length + SALT_BYTES);
  return { rounds: thousands * 1000, salt, digest: bytes.subarray(head[0].length + SALT_BYTES) };
}

/** The 43 characters of the password's hash. About 10 ms for 5000 rounds. */
export function cryptDigest(password: Buffer, salt: Buffer, rounds: number): Buffer {
  const first = firstHash(password, salt);
  const p = repeated(sha256(times(password, password.length)), password.length);
  const s = repeated(sha256(times(salt, 16 + first.readUInt8(0))), salt.length);
  let hash = first;
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    const pieces = [odd ? p : hash];
    if (round % 3 !== 0) pieces.push(s);
    if (round % 7 !== 0) pieces.push(p);
    pieces.push(odd ? hash : p);
    hash = sha256(pieces);
  }
  return encode(hash);
}

function firstHash(password: Buffer, salt: Buffer): Buffer {
  const other = sha256([password, salt, password]);
  const pieces = [password, salt, repeated(other, password.length)];
  for (let count = password.length; count > 0; count >>= 1) {
    pieces.push((count & 1) === 1 ? other : password);
  }
  return sha256(pieces);
}

function sha256(pieces: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

function times(bytes: Buffer, count: number): readonly Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/** The hash over and over, up to a length. */
function repeated(hash: Buffer, length: number): Buffer {
  return Buffer.concat(times(hash, Math.ceil(length / HASH_BYTES)), length);
}

function encode(hash: Buffer): Buffer {
  const characters = GROUPS.map(([a, b, c]) => {
    return letters((byteAt(hash, a) << 16) | (byteAt(hash, b) << 8) | byteAt(hash, c), 4);
  });
  const last = letters((byteAt(hash, 31) << 8) | byteAt(hash, 30), 3);
  return Buffer.from(characters.join('') + last, 'latin1');
}

function byteAt(hash: Buffer, index: number): number {
  return hash.readUInt8(index);
}

function letters(bits: number, count: number): string {
  return Array.from({ length: count }, (_, index) => ALPHABET[(bits >> (6 * index)) & 63]).join('');
}
