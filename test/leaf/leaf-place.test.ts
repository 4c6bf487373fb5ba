// The leaves of one process share a journal, and each can be started alone afterwards.

import test from 'ava';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPlace, openPlaces } from '#leaf/leaf-place.ts';
import { realClock } from '#shared/clock.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

function twoDirectories(base: string): [string, string] {
  const of = (name: string): string => {
    mkdirSync(join(base, name, 'partitions'), { recursive: true });
    return join(base, name);
  };
  return [of('leaf-1'), of('leaf-2')];
}

test('leaf place: one journal for all, and locks until the last has closed', async (t) => {
  const directories = twoDirectories(temporaryDirectory(t));
  const [first, second] = openPlaces(directories, realClock);
  t.is(first?.journal, second?.journal);
  t.is(first?.gathering, second?.gathering);
  t.is(first?.lockWaits, second?.lockWaits);
  const segment = join(directories[1], 'partitions', 'x');
  writeFileSync(segment, 'bytes');
  second?.journal.note(segment, Buffer.from('bytes'), 0);
  await second?.journal.sync();
  for (const directory of directories) {
    t.is(readdirSync(join(directory, 'journal')).length, 1);
  }
  await first?.close();
  t.throws(() => openPlace(directories[0], realClock), { message: /another process uses it/ });
  await second?.close();
  for (const directory of directories) {
    t.deepEqual(readdirSync(join(directory, 'journal')), []);
    await openPlace(directory, realClock).close();
  }
  t.is(readFileSync(segment, 'utf8'), 'bytes');
});

test('leaf place: where one directory is in use none is taken', async (t) => {
  const directories = twoDirectories(temporaryDirectory(t));
  const other = openPlace(directories[1], realClock);
  t.throws(() => openPlaces(directories, realClock), { message: /another process uses it/ });
  await openPlace(directories[0], realClock).close();
  await other.close();
});

test('leaf place: without links to one file each has a journal', async (t) => {
  const directories = twoDirectories(temporaryDirectory(t));
  // Nothing can be linked to where a directory is, no more than on another file system.
  mkdirSync(join(directories[1], 'journal', 'probe'), { recursive: true });
  const [one, two] = openPlaces(directories, realClock);
  t.not(one?.journal, two?.journal);
  await one?.close();
  await two?.close();
});
