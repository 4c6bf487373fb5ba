// What stands whole behind a damaged record tells whether that was on disk.

import { closeSync, openSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findLaterFrame } from '#leaf/log/later-frame.ts';
import { encodeFrame, logStart } from '#shared/log/log-frame.ts';
import type { LogPayload } from '#shared/log/log-record.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const changeset = new Uint8Array(50);
const payloads = {
  rows: { kind: 'rows', changeset },
  prepare: { kind: 'prepare', transactionId: 't', participants: [0, 1], changeset },
  commit: { kind: 'commit', transactionId: 't' },
  abort: { kind: 'abort', transactionId: 'u' },
} as const satisfies Record<string, LogPayload>;

type Kind = keyof typeof payloads;

/** The kinds of records, the first of them damaged; and whether that shows that it was on disk. */
const cases: readonly (readonly [Kind[], after: Kind, was: boolean])[] = [
  [['rows'], 'rows', false],
  [['rows', 'rows'], 'rows', false],
  [['rows', 'rows', 'rows'], 'rows', true],
  [['rows', 'rows', 'rows'], 'prepare', true],
  [['rows', 'abort'], 'rows', false],
  [['rows', 'prepare', 'commit'], 'rows', true],
  [['prepare', 'commit'], 'rows', false],
  [['prepare', 'abort', 'commit'], 'rows', false],
  [['prepare', 'commit', 'prepare'], 'rows', true],
  [['prepare', 'commit', 'rows'], 'rows', true],
  [['commit', 'rows'], 'prepare', false],
  [['commit', 'prepare', 'commit'], 'prepare', false],
  [['commit', 'abort', 'prepare', 'commit'], 'prepare', false],
  [['commit', 'prepare', 'commit', 'rows'], 'prepare', true],
  [['commit', 'prepare', 'commit', 'abort', 'abort'], 'prepare', true],
];

for (const [kinds, after, was] of cases) {
  const [damaged, ...behind] = kinds;
  test(`${damaged} after ${after}, behind it ${behind.join() || 'nothing'}: ${was}`, (t) => {
    let position = logStart;
    const frames = kinds.map((kind, index) => {
      const draft = { term: 1, timestamp: BigInt(index), origin: 'here', payload: payloads[kind] };
      const encoded = encodeFrame(position, draft);
      ({ position } = encoded);
      return Buffer.from(encoded.frame);
    });
    frames[0]?.fill(0, 20);
    const path = join(temporaryDirectory(t), 'log');
    writeFileSync(path, Buffer.concat(frames));
    const descriptor = openSync(path, 'r');
    t.teardown(() => closeSync(descriptor));
    const range = { from: 0, to: statSync(path).size };
    const mayBeVerdict = after === 'prepare';
    t.is(findLaterFrame(descriptor, range, { lsn: 1n, mayBeVerdict }) !== null, was);
  });
}
