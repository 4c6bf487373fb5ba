// Applies the changes of a long record from its file, of which little is in memory at a time.

import { closeSync, openSync, readSync } from 'node:fs';
import { takeWholeChanges, type TableHeader } from '#shared/log/split-changeset.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';
import {
  applyExchange,
  applyExchangeInTurns,
  applyParts,
  applyPartsInTurns,
  type ApplyTarget,
} from './apply-changes.ts';

/** Bytes applied at a time in a worker; as many as one change has, where that is longer. */
export const WINDOW_BYTES = 1024 * 1024;

/** What a record changes: in memory, or where it stands in its segment. */
export type LoggedChanges = Uint8Array | LogPlace;

export function isPlace(changes: LoggedChanges | null): changes is LogPlace {
  return changes !== null && 'path' in changes;
}

/** The changes, all at once. */
export function wholeChanges(changes: LoggedChanges): Uint8Array {
  return isPlace(changes) ? readChanges(changes) : changes;
}

function readChanges({ path, offset, bytes }: LogPlace): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    return read(descriptor, offset, bytes);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * In a worker: within the transaction and without foreign keys; all of it or nothing. Two rows that
 * exchange a unique value may be in different windows: what does not apply so is applied as a
 * whole. Throws partitionUnrecoverable as applyChanges does.
 */
export function applyFrom(connection: SqliteFile, place: LogPlace, partition: string): void {
  if (
    applyParts(
      connection,
      partsOf(place, () => WINDOW_BYTES),
    )
  )
    return;
  applyExchange(connection, readChanges(place), partition);
}

/** The same where there is no worker: with a turn for others between two parts. */
export async function applyFromInTurns(target: ApplyTarget, place: LogPlace): Promise<void> {
  const parts = (bytesMax: () => number) => partsOf(place, bytesMax);
  if (await applyPartsInTurns(target, parts)) return;
  await applyExchangeInTurns(target, readChanges(place));
}

/**
 * Changesets of about so many bytes each, which in their order do what all of it does. The file is
 * open until the last of them is taken.
 */
export function* partsOf(
  place: LogPlace,
  windowBytes: () => number,
): Generator<Uint8Array, void, undefined> {
  let table: TableHeader | null = null;
  let size = windowBytes();
  const descriptor = openSync(place.path, 'r');
  try {
    for (let done = 0; done < place.bytes;) {
      size = Math.min(size, place.bytes - done);
      const taken = takeWholeChanges(read(descriptor, place.offset + done, size), table);
      if (taken.length === 0 && size === place.bytes - done) {
        throw new RangeError('a changeset is cut off');
      }
      yield* taken.parts;
      ({ table } = taken);
      done += taken.length;
      size = taken.length === 0 ? 2 * size : windowBytes();
    }
  } finally {
    closeSync(descriptor);
  }
}

function read(descriptor: number, offset: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let done = 0; done < size;) {
    const count = readSync(descriptor, bytes, done, size - done, offset + done);
    if (count === 0) throw new RangeError('a log segment is cut off');
    done += count;
  }
  return bytes;
}
