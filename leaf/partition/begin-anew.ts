// A damaged copy of what another cluster or leaf holds begins again, empty, and gets a snapshot.
//
//     set-aside/     the damaged data.sqlite and log/, kept until the new copy is whole
//
// Only what cannot be a primary is set aside. The new, empty content takes its place as a
// received snapshot does: from the name data.sqlite.ready on, the old content counts no more.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncDirectory, syncFile } from '#leaf/log/sync-files.ts';
import { removeDamageMark } from './damage.ts';
import type { Failpoint } from './failpoint.ts';
import type { PartitionPaths } from './partition-directory.ts';
import { readIdentity } from './partition-identity.ts';
import { createStateFile } from './state-file.ts';

/** Puts the damaged content aside and an empty one in its place; false where that is not safe. */
export async function beginAnew(paths: PartitionPaths, failpoint: Failpoint): Promise<boolean> {
  const identity = readIdentity(paths.file);
  if (identity === null || identity.role === 'primary') return false;
  const fresh = `${paths.file}.anew`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${fresh}${suffix}`, { force: true });
  createStateFile(fresh, identity);
  await syncFile(fresh);
  const aside = setAsidePath(paths);
  mkdirSync(aside, { recursive: true });
  for (const suffix of ['', '-wal', '-shm']) moveAside(`${paths.file}${suffix}`, aside);
  failpoint('amid-set-aside');
  moveAside(paths.log, aside);
  await syncDirectory(aside);
  rmSync(paths.ready, { force: true });
  renameSync(fresh, paths.ready);
  removeDamageMark(paths.directory);
  await syncDirectory(paths.directory);
  failpoint('after-set-aside');
  return true;
}

/** Deletes what was set aside: the copy is whole again. */
export async function dropSetAside(paths: PartitionPaths): Promise<void> {
  await rm(setAsidePath(paths), { recursive: true, force: true });
}

function setAsidePath({ directory }: PartitionPaths): string {
  return join(directory, 'set-aside');
}

/** What was set aside before stays: it is more than what has come since. */
function moveAside(path: string, aside: string): void {
  if (!existsSync(path)) return;
  const target = join(aside, basename(path));
  if (existsSync(target)) rmSync(path, { recursive: true });
  else renameSync(path, target);
}
