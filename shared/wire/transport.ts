// An ordered, reliable way for frames between two nodes, with back pressure in both directions.

/**
 * When a frame leaves: `first`, before whatever else the event loop has in hand; with the others of
 * this `tick`; or with those of this `turn` of the event loop.
 */
export type Departure = 'first' | 'tick' | 'turn';

/** Frames arrive whole and in order, or the transport closes: TCP (tcp-transport.ts). */
export interface Transport {
  /** The other end as `host:port`, for logs and errors. */
  readonly peer: string;
  /** Why it closed, or null while it is open. */
  readonly closeReason: string | null;
  /**
   * Queues one frame, whose bytes the caller may use again, to leave with the others of this tick
   * unless another moment is given. Does nothing once the transport is closed.
   */
  send(frame: Uint8Array, departure?: Departure): void;
  /** Resolves when there is room for more, or at the close. Producers wait for it. */
  writable(): Promise<void>;
  /** The next frame; null at the close. Not asking is back pressure. One caller at a time. */
  next(): Promise<Uint8Array | null>;
  /**
   * Hands over each frame as it comes, from now on: nobody asks for the next one any more. A frame
   * holds until `take` returns, unless it is `kept`. Resolves at the close. What `take` throws
   * closes the transport.
   */
  receive(take: (frame: Uint8Array) => void): Promise<void>;
  /** The frame that is being taken, for longer. */
  kept(frame: Uint8Array): Uint8Array;
  /** Closes at once; what was queued may be lost. Harmless when it is closed already. */
  close(reason: string): void;
}

/** The largest frame, in bytes: a packet of 64 MiB from a client, and what goes around it. */
export const frameSizeBytesMax = 80 * 1024 * 1024;
/** The largest frame of a peer that has proved nothing yet, in bytes. */
export const unprovenFrameSizeBytesMax = 4096;
/** Frames wait at the sender beyond this many bytes: `writable` does not resolve. */
export const sendBufferBytesMax = 1024 * 1024;
/** The receiver stops reading when this many bytes of frames wait to be taken. */
export const receiveBufferBytesMax = 1024 * 1024;
