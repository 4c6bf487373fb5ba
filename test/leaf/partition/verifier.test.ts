// The verifier's thread finds what is damaged, one file after another, and ends when told to.

import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { must } from '#shared/assert.ts';
import { ThreadVerifier } from '#leaf/partition/verifier.ts';
import {
  createTestPartition,
  insertOf,
  testDirectory,
  testEnvironment,
} from '#test/support/test-partition.ts';

test('verifier: sound and damaged files; a file that is not there; its end', async (t) => {
  const directory = testDirectory(t);
  const environment = testEnvironment({ segmentBytesMax: 500 });
  const partition = await createTestPartition(directory, { environment });
  for (let id = 0; id < 30; id += 1) await partition.write(insertOf(id, id));
  const closed = partition.log.closedSegments();
  const [first, second] = closed;
  await partition.close();
  const verifier = new ThreadVerifier();
  const file = join(directory, 'data.sqlite');
  const all = closed.map(({ path, last }) => verifier.segment(path, last));
  const [damage, ...faults] = await Promise.all([verifier.file(file), ...all]);
  t.is(damage, '');
  t.true(faults.length > 2 && faults.every((fault) => fault === null));
  truncateSync(second?.path ?? '', 300);
  truncateSync(file, 6000);
  const fault = await verifier.segment(second?.path ?? '', must(second).last);
  t.regex(fault?.reason ?? '', /cut off|another history/);
  t.regex(await verifier.file(file), /data\.sqlite is damaged/);
  await t.throwsAsync(verifier.segment(join(directory, 'nothing'), must(first).last), {
    message: /ENOENT/,
  });
  const pending = verifier.file(file);
  await verifier.close();
  await t.throwsAsync(pending, { message: /the leaf stops/ });
});
