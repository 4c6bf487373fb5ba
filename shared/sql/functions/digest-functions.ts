// SQLite functions of digests, encodings, addresses and UUIDs.

import { createHash, hash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { realClock } from '#shared/clock.ts';
import { toBytes, type Characters } from './characters.ts';
import { readIpv6, writeIpv6 } from './ip-address.ts';
import { strict, type SqlFunction } from './sql-function.ts';

/** Characters of Base64 on a line: TO_BASE64 breaks after them. */
const BASE64_LINE = 76;

export const digestFunctions: readonly SqlFunction[] = [
  /** tl_hex(text or bytes); tl_unhex(text): a BLOB, NULL for what is no hexadecimal number. */
  strict('tl_hex', (s: Characters) => Buffer.from(toBytes(s)).toString('hex').toUpperCase()),
  strict('tl_unhex', (s: string) => {
    const digits = s.length % 2 === 0 ? s : `0${s}`;
    return /^[0-9a-f]*$/i.test(digits) ? new Uint8Array(Buffer.from(digits, 'hex')) : null;
  }),
  /** Digests in lower case hexadecimal; tl_sha2(s, bits): 0, 224, 256, 384 or 512, else NULL. */
  strict('tl_md5', (s: Characters) => hash('md5', toBytes(s))),
  strict('tl_sha1', (s: Characters) => hash('sha1', toBytes(s))),
  strict('tl_sha2', (s: Characters, bits: bigint) => {
    const size = bits === 0n ? 256n : bits;
    if (![224n, 256n, 384n, 512n].includes(size)) return null;
    return createHash(`sha${size}`).update(toBytes(s)).digest('hex');
  }),
  strict('tl_to_base64', (s: Characters) => {
    const text = Buffer.from(toBytes(s)).toString('base64');
    return text.replace(new RegExp(`(.{${BASE64_LINE}})(?=.)`, 'g'), '$1\n');
  }),
  /** tl_from_base64(text): a BLOB, NULL for what is not Base64. */
  strict('tl_from_base64', (s: string) => {
    const text = s.replace(/\s/g, '');
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
    return new Uint8Array(Buffer.from(text, 'base64'));
  }),
  /** tl_uuid(): another one at each call. */
  { kind: 'scalar', name: 'tl_uuid', deterministic: false, call: () => randomUuid() },
  /** tl_is_uuid(text): 1 or 0. */
  strict('tl_is_uuid', (s: string) => (uuidBytes(String(s)) === null ? 0n : 1n)),
  /** tl_uuid_to_bin(text, swap), tl_bin_to_uuid(bytes, swap): swap puts the time's parts first. */
  strict('tl_uuid_to_bin', (s: string, swap: bigint) => {
    const b = uuidBytes(s);
    if (b === null || swap === 0n) return b;
    return new Uint8Array([...b.slice(6, 8), ...b.slice(4, 6), ...b.slice(0, 4), ...b.slice(8)]);
  }),
  strict('tl_bin_to_uuid', (b: Uint8Array, swap: bigint) => {
    if (b.length !== 16) return null;
    if (swap === 0n) return uuidText(b);
    const parts = [...b.slice(4, 8), ...b.slice(2, 4), ...b.slice(0, 2), ...b.slice(8)];
    return uuidText(new Uint8Array(parts));
  }),
  /** tl_inet_aton('1.2.3.4'), tl_inet_ntoa(i); short forms like '127.1' are read too. */
  strict('tl_inet_aton', (s: string) => {
    const parts = s.split('.');
    if (parts.length > 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256))
      return null;
    const last = parts.pop() ?? '0';
    const bytes = [...parts, ...Array<string>(3 - parts.length).fill('0'), last];
    return bytes.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }),
  strict('tl_inet_ntoa', (i: bigint) => {
    if (i < 0n || i > 0xffffffffn) return null;
    return [24n, 16n, 8n, 0n].map((shift) => (i >> shift) & 255n).join('.');
  }),
  strict('tl_is_ipv4', (s: string) => (isIPv4(String(s)) ? 1n : 0n)),
  strict('tl_is_ipv6', (s: string) => (isIPv6(String(s)) ? 1n : 0n)),
  /** tl_inet6_aton(text): 4 or 16 bytes; tl_inet6_ntoa(bytes): their text. */
  strict('tl_inet6_aton', (s: string) => {
    if (isIPv4(s)) return new Uint8Array(s.split('.').map(Number));
    return isIPv6(s) ? readIpv6(s) : null;
  }),
  strict('tl_inet6_ntoa', (b: Uint8Array) => {
    if (b.length === 4) return b.join('.');
    return b.length === 16 ? writeIpv6(b) : null;
  }),
];

/** A random UUID (RFC 9562, version 4). */
function randomUuid(): string {
  const bytes = realClock.randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidText(bytes);
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** With or without hyphens, in braces or not; null when it is no UUID. */
function uuidBytes(text: string): Uint8Array | null {
  const pattern = /^(?:[0-9a-f]{32}|\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?)$/i;
  if (!pattern.test(text) || text.startsWith('{') !== text.endsWith('}')) return null;
  return new Uint8Array(Buffer.from(text.replace(/[{}-]/g, ''), 'hex'));
}
