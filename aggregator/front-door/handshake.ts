// The first two packets of a connection: our greeting, and the client's login.

import { databaseError } from '#shared/error.ts';
import { announcedCapabilities, capability, has, status } from './capabilities.ts';
import type { PacketWriter } from '#shared/mysql/packet-writer.ts';
import { PayloadReader } from './payload-reader.ts';

const PROTOCOL_VERSION = 10;
/** utf8mb4_0900_ai_ci, MySQL 8's default. */
const SERVER_CHARSET_ID = 255;
/** Bytes of the nonce, without the zero that ends it. */
export const NONCE_BYTES = 20;
const NONCE_FIRST_BYTES = 8;
/** What a client says of itself beyond this many bytes is not kept. */
const ATTRIBUTE_BYTES_MAX = 1024;

export type PluginName = 'caching_sha2_password' | 'mysql_native_password';

/** What a client says of itself. */
export interface Login {
  /** The client's flags, without those that we did not announce. */
  readonly capabilities: number;
  readonly charsetId: number;
  readonly user: string;
  /** The proof of the password; empty for an empty password. */
  readonly token: Buffer;
  /** The plugin the token is for; '' from a client that knows no plugins. */
  readonly plugin: string;
  /** Null where the client named none. */
  readonly database: string | null;
  readonly attributes: ReadonlyMap<string, string>;
}

/**
 * The nonce of one connection, from random bytes. No zero, which would end it, and no '$', at
 * which some clients stop (MySQL makes it so too).
 */
export function makeNonce(random: Uint8Array): Buffer {
  const nonce = Buffer.from(random);
  for (let index = 0; index < nonce.length; index += 1) {
    const byte = nonce.readUInt8(index) & 0x7f;
    nonce[index] = byte === 0 || byte === 0x24 ? byte + 1 : byte;
  }
  return nonce;
}

export interface Greeting {
  readonly serverVersion: string;
  readonly connectionId: number;
  readonly nonce: Buffer;
  /** What we offer: announcedCapabilities, and SSL where there is a certificate. */
  readonly capabilities: number;
}

/** Protocol::HandshakeV10. */
export function writeGreeting(writer: PacketWriter, greeting: Greeting): void {
  writer.start();
  writer.uint8(PROTOCOL_VERSION);
  writer.zeroText(greeting.serverVersion);
  writer.uint32(greeting.connectionId);
  writer.bytesOf(greeting.nonce.subarray(0, NONCE_FIRST_BYTES));
  writer.uint8(0);
  writer.uint16(greeting.capabilities & 0xffff);
  writer.uint8(SERVER_CHARSET_ID);
  writer.uint16(status.autocommit);
  writer.uint16(greeting.capabilities >>> 16);
  writer.uint8(NONCE_BYTES + 1);
  writer.zeros(10);
  writer.bytesOf(greeting.nonce.subarray(NONCE_FIRST_BYTES));
  writer.uint8(0);
  writer.zeroText('caching_sha2_password');
  writer.finish();
}

/** Bytes of Protocol::SSLRequest: the head of a login, and nothing behind it. */
const TLS_REQUEST_BYTES = 32;

/** True for Protocol::SSLRequest. */
export function isTlsRequest(payload: Buffer): boolean {
  return payload.length === TLS_REQUEST_BYTES && has(payload.readUInt32LE(0), capability.ssl);
}

/**
 * Protocol::HandshakeResponse41. Throws handshakeError or malformedPacket. A client that means to
 * use TLS (`secure` tells whether it does) is never let in without.
 */
export function readLogin(payload: Buffer, secure: boolean): Login {
  const reader = new PayloadReader(payload);
  const sent = reader.uint32();
  if (!has(sent, capability.protocol41)) throw databaseError('handshakeError', {});
  if (has(sent, capability.ssl) && !secure) throw databaseError('handshakeError', {});
  const capabilities = sent & announcedCapabilities;
  reader.skip(4);
  const charsetId = reader.uint8();
  reader.skip(23);
  const user = reader.zeroText();
  const token = readToken(reader, capabilities);
  const named = has(capabilities, capability.connectWithDatabase) ? reader.zeroText() : '';
  const plugin = has(capabilities, capability.pluginAuth) ? reader.zeroText() : '';
  const attributes = readAttributes(reader, capabilities);
  const database = named === '' ? null : named;
  return { capabilities, charsetId, user, token, plugin, database, attributes };
}

function readToken(reader: PayloadReader, capabilities: number): Buffer {
  if (has(capabilities, capability.pluginAuthLengthEncoded)) return reader.lengthEncodedBytes();
  if (has(capabilities, capability.secureConnection)) return reader.bytes(reader.uint8());
  // Only clients from before MySQL 4.1 prove themselves otherwise.
  throw databaseError('handshakeError', {});
}

function readAttributes(reader: PayloadReader, capabilities: number): Map<string, string> {
  const attributes = new Map<string, string>();
  if (!has(capabilities, capability.connectAttributes) || reader.remaining === 0) return attributes;
  const block = new PayloadReader(reader.lengthEncodedBytes());
  let bytes = 0;
  while (block.remaining > 0) {
    const name = block.lengthEncodedBytes();
    const value = block.lengthEncodedBytes();
    bytes += name.length + value.length;
    if (bytes <= ATTRIBUTE_BYTES_MAX) attributes.set(name.toString('utf8'), value.toString('utf8'));
  }
  return attributes;
}

/** What COM_CHANGE_USER says: a login again, over the nonce of the first. */
export function readChangeUser(payload: Buffer, capabilities: number): Login {
  const reader = new PayloadReader(payload, 1);
  const user = reader.zeroText();
  const token = reader.bytes(reader.uint8());
  const named = reader.zeroText();
  const charsetId = reader.remaining >= 2 ? reader.uint16() : 0;
  const withPlugin = has(capabilities, capability.pluginAuth) && reader.remaining > 0;
  const plugin = withPlugin ? reader.zeroText() : '';
  const attributes = readAttributes(reader, capabilities);
  const database = named === '' ? null : named;
  return { capabilities, charsetId, user, token, plugin, database, attributes };
}

/** Protocol::AuthSwitchRequest. */
export function writeAuthSwitch(writer: PacketWriter, plugin: PluginName, nonce: Buffer): void {
  writer.start();
  writer.uint8(0xfe);
  writer.zeroText(plugin);
  writer.bytesOf(nonce);
  writer.uint8(0);
  writer.finish();
}

/** caching_sha2_password: the token was right, no password needs to be sent. */
export function writeFastAuthSuccess(writer: PacketWriter): void {
  writer.start();
  writer.uint8(0x01);
  writer.uint8(0x03);
  writer.finish();
}

/** caching_sha2_password: the token proves nothing here, the password itself must come. */
export function writeFullAuthRequest(writer: PacketWriter): void {
  writer.start();
  writer.uint8(0x01);
  writer.uint8(0x04);
  writer.finish();
}

/** caching_sha2_password: the RSA key to encrypt the password with. */
export function writePublicKey(writer: PacketWriter, pem: string): void {
  writer.start();
  writer.uint8(0x01);
  writer.text(pem);
  writer.finish();
}
