// One long record as it is written at the end of a log, piece by piece, off the event loop.
//
//     a header that is no whole frame's · the body as it comes · the true header
//
// Until the last step a crash leaves a torn end, as amid any other append.

import { FRAME_HEADER_BYTES, FrameError } from '#shared/log/log-frame.ts';
import { BodyDigest } from '#shared/log/long-frame.ts';
import type { Position } from '#shared/log/lsn.ts';
import { writeError } from './write-error.ts';

/** The file that it is written to. */
export interface LongTarget {
  readonly path: string;
  /** Writes all the bytes at a position, on another thread. */
  readonly write: (bytes: Uint8Array, position: number) => Promise<void>;
  /** Cuts off what stands behind the log's last record. */
  readonly cutBack: () => void;
  /** Half of something is written, where a test wants the process to end there. */
  readonly tear: () => void;
}

/** Where the frame stands, and what it must lead from and to. */
export interface LongPlace {
  readonly previous: Position;
  /** Where the frame begins. */
  readonly offset: number;
  readonly bodyBytes: number;
}

/** Invariant: one call at a time. Ended by `finish` or `abandon`. */
export class LongAppend {
  readonly #target: LongTarget;
  readonly #place: LongPlace;
  readonly #digest: BodyDigest;
  readonly #end = Promise.withResolvers<void>();
  #ended = false;
  #writing: Promise<void> | null = null;

  constructor(target: LongTarget, place: LongPlace) {
    this.#target = target;
    this.#place = place;
    this.#digest = new BodyDigest(place.previous.logHash);
  }

  get place(): LongPlace {
    return this.#place;
  }

  /** Resolves when it has been finished or abandoned. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Bytes of the body so far. */
  get length(): number {
    return this.#digest.length;
  }

  /** Writes the next bytes of the body. Throws diskFull; it is to be abandoned then. */
  async add(piece: Uint8Array): Promise<void> {
    const { bodyBytes, offset } = this.#place;
    const at = this.#digest.length;
    if (at + piece.length > bodyBytes) throw new FrameError('a record is longer than announced');
    if (at === 0) {
      const header = Buffer.alloc(FRAME_HEADER_BYTES);
      header.writeUInt32LE(bodyBytes, 0);
      await this.#write(header, offset);
    }
    this.#digest.add(piece);
    await this.#write(piece, offset + FRAME_HEADER_BYTES + at);
    if (at === 0) this.#target.tear();
  }

  /**
   * Writes the header, which must be `expected` where the frame is another log's; answers the log
   * hash. From here on the frame is whole.
   */
  async finish(expected: Uint8Array | null): Promise<Uint8Array> {
    const { bodyBytes, offset } = this.#place;
    if (this.#digest.length !== bodyBytes) throw new FrameError('a record is cut off');
    const { header, logHash } = this.#digest.end(expected);
    await this.#write(header, offset);
    if (this.#ended) throw new FrameError('a record was abandoned');
    this.#ended = true;
    this.#end.resolve();
    return logHash;
  }

  /** Nothing of it stays. Resolves when nothing of it is being written any more. */
  async abandon(): Promise<void> {
    if (this.#ended) return this.#end.promise;
    this.#ended = true;
    await Promise.allSettled([this.#writing]);
    this.#target.cutBack();
    this.#end.resolve();
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#ended) throw new FrameError('a record was abandoned');
    this.#writing = this.#target.write(bytes, position);
    try {
      await this.#writing;
    } catch (error) {
      throw writeError(this.#target.path, error);
    }
  }
}
