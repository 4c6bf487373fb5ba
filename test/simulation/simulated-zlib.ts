// Stands in for node:zlib in the product's files: no thread compresses anything.

import * as real from 'node:zlib';

export * from 'node:zlib';

type Callback = (error: Error | null, result: Buffer | null) => void;

function now(work: () => Buffer, callback: Callback): void {
  let result: Buffer;
  try {
    result = work();
  } catch (error) {
    callback(error as Error, null);
    return;
  }
  callback(null, result);
}

export function zstdCompress(bytes: Uint8Array, options: real.ZstdOptions, done: Callback): void {
  now(() => real.zstdCompressSync(bytes, options), done);
}

export function zstdDecompress(bytes: Uint8Array, options: real.ZstdOptions, done: Callback): void {
  now(() => real.zstdDecompressSync(bytes, options), done);
}
