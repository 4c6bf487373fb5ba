// A long record of another copy as it comes, part by part, into this log.

import { databaseError } from '#shared/error.ts';
import { FRAME_HEADER_BYTES, FrameError, frameLength } from '#shared/log/log-frame.ts';
import { checkPlace, decodeHead, type FrameHead } from '#shared/log/long-frame.ts';
import type { RecordPart } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import type { LongAppend } from '#leaf/log/long-append.ts';
import type { LongRecord } from '#leaf/log/long-place.ts';

interface Coming {
  readonly append: LongAppend;
  readonly header: Uint8Array;
  readonly head: FrameHead;
}

/** At most one record is on its way. */
export class LongReceiver {
  readonly #log: Log;
  #coming: Coming | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Takes the next part; answers the record once it is whole, verified and appended. Throws
   * FrameError when it does not continue the log: nothing of it stays then.
   */
  async take(part: RecordPart): Promise<LongRecord | null> {
    try {
      return await this.#take(part);
    } catch (error) {
      await this.drop();
      throw error;
    }
  }

  /** What has come of a record that does not go on is given up. */
  async drop(): Promise<void> {
    if (this.#coming === null) return;
    this.#coming = null;
    await this.#log.abandonLong();
  }

  async #take({ bytes, offset, bytesTotal }: RecordPart): Promise<LongRecord | null> {
    if (offset === 0) await this.#begin(bytes, bytesTotal);
    const coming = this.#coming;
    const expected = coming === null ? 0 : FRAME_HEADER_BYTES + coming.append.length;
    if (coming === null || (offset !== 0 && offset !== expected)) {
      const reason = `a part of a record came for ${offset}, expected at ${expected}`;
      throw databaseError('linkProtocol', { reason });
    }
    await coming.append.add(offset === 0 ? bytes.subarray(FRAME_HEADER_BYTES) : bytes);
    if (coming.append.length < coming.append.place.bodyBytes) return null;
    const record = await this.#log.finishLong(coming.head, coming.header);
    this.#coming = null;
    return record;
  }

  async #begin(first: Uint8Array, bytesTotal: number): Promise<void> {
    await this.drop();
    if (frameLength(first) !== bytesTotal) throw new FrameError('a part of a record has no header');
    const bodyBytes = bytesTotal - FRAME_HEADER_BYTES;
    const head = decodeHead(first.subarray(FRAME_HEADER_BYTES), bodyBytes);
    checkPlace(head.record, this.#log.tail);
    const header = first.slice(0, FRAME_HEADER_BYTES);
    for (let wait = this.#log.room(); wait !== null; wait = this.#log.room()) await wait;
    this.#coming = { append: this.#log.beginLong(bodyBytes), header, head };
  }
}
