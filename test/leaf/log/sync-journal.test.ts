// One sync for many logs: what only the journal has on disk is there again after a crash.

import test, { type ExecutionContext } from 'ava';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBatch, readBatches } from '#leaf/log/journal-batch.ts';
import { Log } from '#leaf/log/log.ts';
import { SyncJournal } from '#leaf/log/sync-journal.ts';
import { TailFile } from '#leaf/log/tail-file.ts';
import { logStart } from '#shared/log/log-frame.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

interface Place {
  readonly root: string;
  readonly directory: string;
}

function place(t: ExecutionContext): Place {
  const base = temporaryDirectory(t);
  const root = join(base, 'partitions');
  mkdirSync(root);
  return { root, directory: join(base, 'journal') };
}

/** A segment with `text`, and what a power cut leaves of it when none of it was synced. */
function segment({ root }: Place, name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

function write(journal: SyncJournal, path: string, at: number, text: string): void {
  journal.note(path, Buffer.from(text), at);
}

test('journal: batches are read back; what is torn, stale or zero is none', (t) => {
  const note = { path: 'a/1.log', bytes: Buffer.from('one'), position: 2 ** 40 };
  const forget = { path: 'ä', bytes: null, position: 0 };
  const first = encodeBatch(7, [note, forget]);
  const second = encodeBatch(7, [note]);
  const stale = encodeBatch(6, [note]);
  const file = Buffer.concat([first, second, stale, Buffer.alloc(100)]);
  t.deepEqual(
    [...readBatches(file)].map(({ epoch, notes }) => ({ epoch, notes: notes.length })),
    [
      { epoch: 7, notes: 2 },
      { epoch: 7, notes: 1 },
    ],
  );
  t.deepEqual([...readBatches(file)][0]?.notes, [note, forget]);
  for (let cut = 0; cut < first.length; cut++) {
    t.is([...readBatches(file.subarray(0, cut))].length, 0);
    const damaged = Buffer.from(file);
    damaged[cut] = (damaged[cut] ?? 0) ^ 1;
    t.is([...readBatches(damaged)].length, 0);
  }
  t.is([...readBatches(Buffer.alloc(4096))].length, 0);
});

test('journal: bytes of several segments are on disk after one sync', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const [a, b] = [segment(at, 'a', 'aa'), segment(at, 'b', 'bb')];
  write(journal, a, 2, 'AA');
  const both = [journal.sync()];
  write(journal, b, 2, 'BB');
  both.push(journal.sync());
  await Promise.all(both);
  write(journal, a, 4, 'A2');
  await journal.sync();
  // The power fails: the segments have lost what they were written.
  SyncJournal.open(at);
  t.is(readFileSync(a, 'utf8'), 'aaAAA2');
  t.is(readFileSync(b, 'utf8'), 'bbBB');
  t.deepEqual(readdirSync(at.directory), []);
});

test('journal: what was not synced is not promised, and harms nothing', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const a = segment(at, 'a', '');
  write(journal, a, 0, 'one');
  await journal.sync();
  write(journal, a, 3, 'two');
  SyncJournal.open(at);
  t.is(readFileSync(a, 'utf8'), 'one');
});

test('journal: it goes on in its other file again and again, and loses nothing', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open({ ...at, fileBytesMax: 200 });
  const a = segment(at, 'a', '');
  let expected = '';
  for (let round = 0; round < 100; round++) {
    const text = `round ${round};`;
    writeFileSync(a, text, { flag: 'a' });
    write(journal, a, expected.length, text);
    expected += text;
    await journal.sync();
  }
  // What was synced when a file was left is there; the rest is in the two files.
  writeFileSync(a, expected.slice(0, expected.length - 60));
  SyncJournal.open(at);
  t.is(readFileSync(a, 'utf8'), expected);
});

test('journal: the forgotten never comes back, not even in a file of the same name', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const a = segment(at, 'a', '');
  write(journal, a, 0, 'old content');
  await journal.sync();
  write(journal, a, 11, 'not even synced');
  await journal.forget(a);
  rmSync(a);
  segment(at, 'a', 'new');
  write(journal, a, 3, ' content');
  await journal.sync();
  SyncJournal.open(at);
  t.is(readFileSync(a, 'utf8'), 'new content');
});

test('journal: a segment that is gone is passed over', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const a = segment(at, 'a', '');
  write(journal, a, 0, 'x');
  await journal.sync();
  rmSync(a);
  SyncJournal.open(at);
  t.false(existsSync(a));
});

const options = { durability: 'sync', segmentBytesMax: 2000 } as const;
const start = { position: logStart, timestamp: 0n };
const draft = { term: 1, timestamp: 1n, origin: 'test', payload: { kind: 'term' } } as const;

test('log: records that only the journal has on disk are in the log after a crash', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const directory = join(at.root, 'shop_0', 'log');
  const log = await Log.create(directory, start, { ...options, journal });
  const path = join(directory, '0000000001.log');
  copyFileSync(path, `${path}.on-disk`);
  for (let count = 0; count < 5; count++) {
    log.append(draft);
    await log.sync();
  }
  const { tail, hardened } = log;
  t.deepEqual(hardened, tail);
  copyFileSync(`${path}.on-disk`, path);
  rmSync(`${path}.on-disk`);
  SyncJournal.open(at);
  t.deepEqual((await Log.open(directory, 0n, options)).tail, tail);
});

test('log: one that is closed, cut or begun anew hangs on no journal', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const directory = join(at.root, 'shop_0', 'log');
  const log = await Log.create(directory, start, { ...options, journal });
  for (let count = 0; count < 100; count++) {
    for (let wait = log.room(); wait !== null; wait = log.room()) await wait;
    log.append(draft);
  }
  await log.sync();
  await log.truncateAfter(20n);
  log.append(draft);
  await log.sync();
  const { tail } = log;
  SyncJournal.open(at);
  t.deepEqual((await Log.open(directory, 0n, options)).tail, tail);
});

test('log: a journal that has failed leaves each log to its own sync', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const directory = join(at.root, 'shop_0', 'log');
  const log = await Log.create(directory, start, { ...options, journal });
  rmSync(at.directory, { recursive: true });
  log.append(draft);
  await log.sync();
  t.true(journal.failed);
  log.append(draft);
  await log.sync();
  t.is(log.hardened.lsn, 2n);
  await log.close();
});

test('journal: what another thread writes is synced in its file', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open(at);
  const path = segment(at, 'a', '');
  const file = new TailFile(openSync(path, 'r+'), path, journal);
  let asked = 0;
  journal.sync = async () => {
    asked += 1;
  };
  file.write(Buffer.from('short'), 0);
  await file.sync();
  t.is(asked, 1);
  const written = file.writeLater(Buffer.from('long'), 5);
  await file.sync();
  await written;
  asked = 0;
  await file.sync();
  t.is(asked, 0);
  file.close();
});

/** Two leaves of one process, and what each has of their journal. */
function twoPlaces(t: ExecutionContext): readonly [Place, Place] {
  const base = temporaryDirectory(t);
  const of = (name: string): Place => {
    const root = join(base, name, 'partitions');
    mkdirSync(root, { recursive: true });
    return { root, directory: join(base, name, 'journal') };
  };
  return [of('leaf-1'), of('leaf-2')];
}

test('journal: leaves that share it find their own bytes, each by itself', async (t) => {
  const [one, two] = twoPlaces(t);
  const journal = SyncJournal.openShared([one, two]);
  // Both have a partition of the same name.
  const [a, b] = [segment(one, 'same', ''), segment(two, 'same', '')];
  write(journal, a, 0, 'of the first');
  write(journal, b, 0, 'of the second');
  await journal.sync();
  t.is(readdirSync(one.directory).length, 1);
  t.is(readdirSync(two.directory).length, 1);
  // The power fails; the second leaf is started alone, and writes on.
  const alone = SyncJournal.open(two);
  t.is(readFileSync(b, 'utf8'), 'of the second');
  t.is(readFileSync(a, 'utf8'), '');
  rmSync(b);
  segment(two, 'same', 'replaced');
  write(alone, b, 8, ' and longer');
  await alone.sync();
  // The power fails again, and both are started together.
  SyncJournal.openShared([one, two]);
  t.is(readFileSync(a, 'utf8'), 'of the first');
  t.is(readFileSync(b, 'utf8'), 'replaced and longer');
  t.deepEqual([...readdirSync(one.directory), ...readdirSync(two.directory)], []);
});

test('journal: a leaf that is left out keeps its names and its number', async (t) => {
  const [one, two] = twoPlaces(t);
  const journal = SyncJournal.openShared([one, two]);
  const [a, b] = [segment(one, 'x', ''), segment(two, 'x', '')];
  write(journal, a, 0, 'A');
  write(journal, b, 0, 'B');
  await journal.sync();
  const first = SyncJournal.open(one);
  write(first, a, 1, 'a');
  await first.sync();
  // Started the other way round, the second is the first of them.
  const again = SyncJournal.openShared([two, one]);
  t.is(readFileSync(a, 'utf8'), 'Aa');
  t.is(readFileSync(b, 'utf8'), 'B');
  write(again, b, 1, 'b');
  await again.sync();
  SyncJournal.openShared([one, two]);
  t.is(readFileSync(b, 'utf8'), 'Bb');
});

test('journal: what one leaf forgets is forgotten by it alone', async (t) => {
  const [one, two] = twoPlaces(t);
  const journal = SyncJournal.openShared([one, two]);
  const [a, b] = [segment(one, 'x', ''), segment(two, 'x', '')];
  write(journal, a, 0, 'A');
  write(journal, b, 0, 'B');
  await journal.sync();
  await journal.forget(a);
  writeFileSync(a, 'cut');
  SyncJournal.openShared([one, two]);
  t.is(readFileSync(a, 'utf8'), 'cut');
  t.is(readFileSync(b, 'utf8'), 'B');
});

test('journal: a start that is cut off while it removes the files forgets nothing', async (t) => {
  const at = place(t);
  const journal = SyncJournal.open({ ...at, fileBytesMax: 100 });
  const [a, b] = [segment(at, 'a', ''), segment(at, 'b', '')];
  write(journal, a, 0, 'old content of more than a hundred bytes, so that the other file follows');
  await journal.sync();
  for (const text of ['1', '2']) {
    write(journal, b, Number(text) - 1, text);
    await journal.sync();
  }
  await journal.forget(a);
  // A start has written everything back.
  writeFileSync(a, 'new');
  writeFileSync(b, '12');
  const names = readdirSync(at.directory).sort();
  t.is(names.length, 2);
  const epochs = names.map((name) => {
    return [...readBatches(readFileSync(join(at.directory, name)))][0]?.epoch ?? 0;
  });
  const older = names[(epochs[0] ?? 0) < (epochs[1] ?? 0) ? 0 : 1] ?? '';
  // The older one goes first: the newer says that notes of it are void.
  rmSync(join(at.directory, older));
  SyncJournal.open(at);
  t.is(readFileSync(a, 'utf8'), 'new');
  t.is(readFileSync(b, 'utf8'), '12');
});

test('journal: at its end the segments are synced and none of its names is left', async (t) => {
  const [one, two] = twoPlaces(t);
  const journal = SyncJournal.openShared([one, two]);
  write(journal, segment(two, 'x', 'B'), 0, 'B');
  await journal.sync();
  await journal.close();
  t.deepEqual([...readdirSync(one.directory), ...readdirSync(two.directory)], []);
});
