// The data directories of a process's leaves, each locked, and the journal that their logs are
// synced in: one for all where that can be, for a sync costs as much as a small write.

import { closeSync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#shared/clock.ts';
import { lockDataDirectory, type DirectoryLock } from '#shared/directory-lock.ts';
import { LockWaits } from '#shared/lock-waits.ts';
import { SyncJournal, type JournalPlace } from './log/sync-journal.ts';
import { Gathering } from './partition/gathering.ts';

/** Where one leaf lives, from before it opens anything until it has closed everything. */
export interface LeafPlace {
  readonly journal: SyncJournal;
  readonly gathering: Gathering;
  readonly lockWaits: LockWaits;
  /** The leaf's files are closed. The last leaf that shares the journal closes it. */
  close(): Promise<void>;
}

/** Of one leaf by itself. Throws DataDirectoryError. */
export function openPlace(dataDir: string, clock: Clock): LeafPlace {
  const [place] = openPlaces([dataDir], clock) as [LeafPlace];
  return place;
}

/** Of the leaves of one process, in their order. Throws DataDirectoryError. */
export function openPlaces(dataDirs: readonly string[], clock: Clock): LeafPlace[] {
  const locks: DirectoryLock[] = [];
  try {
    for (const dataDir of dataDirs) locks.push(lockDataDirectory(dataDir));
    const places = dataDirs.map(journalPlace);
    const lockWaits = new LockWaits();
    if (places.length === 1 || canShare(places)) return shared(locks, places, { clock, lockWaits });
    return places.flatMap((place, at) =>
      shared(locks.slice(at, at + 1), [place], { clock, lockWaits }),
    );
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error;
  }
}

function journalPlace(dataDir: string): JournalPlace {
  return { directory: join(dataDir, 'journal'), root: join(dataDir, 'partitions') };
}

function shared(
  locks: readonly DirectoryLock[],
  places: readonly JournalPlace[],
  { clock, lockWaits }: { readonly clock: Clock; readonly lockWaits: LockWaits },
): LeafPlace[] {
  const journal = SyncJournal.openShared(places);
  const gathering = new Gathering(clock, journal);
  let open = places.length;
  const closeOne = async (): Promise<void> => {
    open -= 1;
    if (open > 0) return;
    try {
      await journal.close();
    } finally {
      for (const lock of locks) lock.release();
    }
  };
  return places.map(() => ({ journal, gathering, lockWaits, close: closeOne }));
}

/** Can a file in the first directory have a name in each of the others, too? */
function canShare(places: readonly JournalPlace[]): boolean {
  const probes = places.map(({ directory }) => join(directory, 'probe'));
  try {
    for (const { directory } of places) mkdirSync(directory, { recursive: true });
    for (const probe of probes) rmSync(probe, { force: true });
    const [first = '', ...others] = probes;
    closeSync(openSync(first, 'w'));
    for (const other of others) linkSync(first, other);
    return true;
  } catch {
    return false;
  } finally {
    for (const probe of probes) rmSync(probe, { recursive: true, force: true });
  }
}
