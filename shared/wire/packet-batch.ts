// Rows on their way from a leaf to a client, whom alone they are written for.

/** How a client reads rows. Text is UTF-8. */
export interface PacketFormat {
  readonly protocol: 'text' | 'binary';
  /** Where TIMESTAMPs are read, as @@time_zone names it. */
  readonly timeZone: string;
}

/** Rows as MySQL packets, numbered from 0. The bytes hold until the leaf is asked again. */
export interface PacketBatch {
  readonly packets: Uint8Array;
  readonly count: number;
}

/** Rows as packets: the first of them, and the others where there are any. */
export interface PacketAnswer {
  readonly first: PacketBatch;
  readonly rest: AsyncIterable<PacketBatch> | null;
}
