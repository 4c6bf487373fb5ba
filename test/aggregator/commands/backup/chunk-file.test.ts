// The files of a backup: read back as written, and no damage goes unseen.

import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { toBackupError } from '#aggregator/commands/backup/backup-error.ts';
import { ChunkFileWriter, readChunks } from '#aggregator/commands/backup/chunk-file.ts';
import { DatabaseError } from '#shared/error.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

async function written(t: ExecutionContext) {
  const path = join(temporaryDirectory(t), 'file.zst');
  const file = await ChunkFileWriter.create(path);
  let offset = 0;
  for (const text of ['one ', 'two ', 'three']) {
    await file.append({ offset, compressed: zstdCompressSync(Buffer.from(text)) });
    offset += text.length;
  }
  return { path, seal: await file.finish() };
}

async function offsetsOf(path: string, seal: { bytes: number; sha256: string }) {
  const offsets: number[] = [];
  for await (const { offset } of readChunks(path, seal)) offsets.push(offset);
  return offsets;
}

test('chunk file: what is read is what was written, and zstd unpacks it', async (t) => {
  const { path, seal } = await written(t);
  t.deepEqual(await offsetsOf(path, seal), [0, 4, 8]);
  try {
    t.is(execFileSync('zstd', ['-dcq', path]).toString(), 'one two three');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    t.log('skipped: zstd is not installed');
  }
});

test('chunk file: every changed, missing or further byte is seen', async (t) => {
  const { path, seal } = await written(t);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 4, at);
    writeFileSync(path, changed);
    await t.throwsAsync(offsetsOf(path, seal), { instanceOf: DatabaseError, message: /damaged/ });
  }
  writeFileSync(path, bytes.subarray(0, -1));
  await t.throwsAsync(offsetsOf(path, seal), { message: /bytes instead of/ });
  writeFileSync(path, bytes);
  appendFileSync(path, 'x');
  await t.throwsAsync(offsetsOf(path, seal), { message: /bytes instead of/ });
});

test('backup errors: a full disk has its own number', (t) => {
  const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  t.is(toBackupError('/b', full).errno, 1021);
  t.is(toBackupError('/b', Object.assign(new Error('denied'), { code: 'EACCES' })).errno, 1789);
});
