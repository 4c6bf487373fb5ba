// A file for LOAD DATA, as its bytes come, to batches of lines.

import { databaseError } from '#shared/error.ts';
import { splitLine, type ByteFormat, type Field } from './split-line.ts';

/** Lines that are written at once. */
const BATCH_LINES = 500;
/** And their bytes, beyond which a batch is not made longer. */
const BATCH_BYTES = 1024 * 1024;

export interface ReadOptions {
  readonly format: ByteFormat;
  /** IGNORE n LINES. */
  readonly ignoreLines: number;
  /** A longer line is error 1153. */
  readonly lineBytesMax: number;
}

/** The bytes that have come and are not read yet. */
interface Rest {
  readonly buffer: Buffer;
  readonly isWhole: boolean;
}

/** Batches of lines in their order, none of them empty. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<readonly (readonly Field[])[]> {
  let toSkip = options.ignoreLines;
  for await (const { buffer, isWhole, consumed } of growing(chunks, options.lineBytesMax)) {
    let at = 0;
    for (; toSkip > 0; toSkip -= 1) {
      const end = buffer.indexOf(options.format.lineEnd, at);
      if (end < 0) break;
      at = end + options.format.lineEnd.length;
    }
    if (toSkip === 0) at = yield* batchesOf({ buffer, isWhole }, at, options.format);
    consumed(at);
  }
}

/** All whole lines from `at`; answers where the first begins that is not whole. */
async function* batchesOf(
  rest: Rest,
  start: number,
  format: ByteFormat,
): AsyncGenerator<readonly (readonly Field[])[], number> {
  let at = start;
  let batchStart = start;
  let batch: (readonly Field[])[] = [];
  for (;;) {
    const line = splitLine(format, rest, at);
    if (line === null) break;
    batch.push(line.fields);
    at = line.next;
    if (batch.length < BATCH_LINES && at - batchStart < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    batchStart = at;
  }
  if (batch.length > 0) yield batch;
  return at;
}

interface Growing extends Rest {
  /** Told how many of the bytes are done with. */
  readonly consumed: (bytes: number) => void;
}

/**
 * The chunks joined to what was left of those before. A line that is longer than what is there is
 * looked at again when that has doubled, so that a long one costs no more than its length twice.
 */
async function* growing(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<Growing> {
  let rest = Buffer.alloc(0);
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const consumed = (bytes: number) => {
    rest = rest.subarray(bytes);
  };
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < rest.length) continue;
    rest = Buffer.concat([rest, ...waiting]);
    waiting = [];
    waitingBytes = 0;
    yield { buffer: rest, isWhole: false, consumed };
    if (rest.length > lineBytesMax) throw databaseError('packetTooLarge', {});
  }
  yield { buffer: Buffer.concat([rest, ...waiting]), isWhole: true, consumed };
}
