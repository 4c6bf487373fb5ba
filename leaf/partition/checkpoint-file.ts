// What is done to a partition's WAL on another connection than its writer's, off its event loop.
//
// A WAL that is in the file as a whole is begun anew by whoever writes next: with a header, and a
// sync of it. So it may be whole only while no writer begins; here it gets its new header.

import { SqliteFile } from '#shared/sqlite-file.ts';

/** A reader that is at work when the WAL is to begin anew keeps it; most are soon done. */
const STARTS_MAX = 5;

/** Moves what no reader needs into the file; answers how many pages of the WAL are there. */
export function checkpointFile(path: string): number {
  return withFile(path, (file) => file.checkpoint().moved);
}

/**
 * Moves the rest, and begins the WAL anew with a commit that changes no row. Where readers keep it
 * as it is, it goes on behind that commit. The caller holds off writers, and keeps the file open.
 * Answers how many pages of the WAL are in the file.
 */
export function startWal(path: string): number {
  return withFile(path, (file) => {
    for (let start = 1; ; start += 1) {
      file.checkpoint();
      file.touch();
      const { moved } = file.wal();
      // Else the WAL went on, and all before that commit is in the file.
      if (moved === 0 || start === STARTS_MAX) return moved;
    }
  });
}

function withFile<T>(path: string, action: (file: SqliteFile) => T): T {
  const file = SqliteFile.open(path, { checkpoints: false });
  try {
    return action(file);
  } finally {
    file.close();
  }
}
