// MessagePack, the bytes of every message and log record: the one door to @msgpack/msgpack.

import { Decoder, Encoder } from '@msgpack/msgpack';

const encoder = new Encoder({ useBigInt64: true, initialBufferSize: 64 * 1024 });
const decoder = new Decoder({ useBigInt64: true });

/**
 * The value as MessagePack. A `bigint` travels as int64 and comes back as a `bigint`; a `number`
 * comes back as a `number`; a `Uint8Array` as bytes.
 */
export function encode(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/** The value of one MessagePack message. Throws on anything malformed. */
export function decode(bytes: Uint8Array): unknown {
  // A Buffer's slices would be Buffers too: bytes are plain Uint8Arrays wherever they come from.
  const { buffer, byteOffset, byteLength } = bytes;
  return decoder.decode(
    Buffer.isBuffer(bytes) ? new Uint8Array(buffer, byteOffset, byteLength) : bytes,
  );
}
