// A frame that is laid out by hand has the very bytes of MessagePack.

import test from 'ava';
import { encodeBody, FRAME_HEADER_BYTES } from '#shared/log/log-frame.ts';
import type { LogPayload, RecordDraft } from '#shared/log/log-record.ts';
import { shortFrame } from '#shared/log/short-frame.ts';

const lengths = [0, 1, 31, 32, 255, 256, 65_535, 65_536, 70_000];
const texts = ['', 'here', 'a'.repeat(31), 'a'.repeat(32), 'ü'.repeat(16), '😀'.repeat(60)];
const numbers = [0n, 1n, 127n, 2n ** 32n, 2n ** 63n - 1n];

function payloadsOf(text: string, bytes: number): LogPayload[] {
  const changeset = new Uint8Array(bytes).fill(200);
  const transactionId = text;
  const lists = [[], [0], [-1, 0, 7], Array.from({ length: 15 }, (_, n) => 120 + (n % 8))];
  return [
    { kind: 'rows', changeset },
    { kind: 'commit', transactionId },
    { kind: 'abort', transactionId },
    ...lists.map((participants): LogPayload => {
      return { kind: 'prepare', transactionId, participants, changeset };
    }),
  ];
}

test('short frame: every layout has the bytes of MessagePack', (t) => {
  for (const origin of texts) {
    for (const [at, bytes] of lengths.entries()) {
      for (const payload of payloadsOf(texts[at % texts.length] ?? '', bytes)) {
        for (const lsn of numbers) {
          const draft: RecordDraft = { term: at * 15, timestamp: lsn * 2n, origin, payload };
          const frame = shortFrame(lsn, draft, FRAME_HEADER_BYTES);
          if (frame === null) return t.fail(`${origin} ${payload.kind} ${bytes}`);
          const body = frame.subarray(FRAME_HEADER_BYTES);
          if (!body.equals(encodeBody(lsn, draft))) return t.fail(`${origin} ${payload.kind}`);
        }
      }
    }
  }
  t.pass();
});

test('short frame: what is laid out otherwise is left to MessagePack', (t) => {
  const changeset = Uint8Array.of(1);
  const rows = { kind: 'rows', changeset } as const;
  const plain: RecordDraft = { term: 1, timestamp: 1n, origin: 'o', payload: rows };
  const prepare = { kind: 'prepare', transactionId: 't', changeset } as const;
  const others: RecordDraft[] = [
    { ...plain, term: 128 },
    { ...plain, timestamp: -1n },
    { ...plain, origin: 'o'.repeat(256) },
    { ...plain, payload: { kind: 'term' } },
    { ...plain, payload: { kind: 'commit', transactionId: 't'.repeat(256) } },
    { ...plain, payload: { ...prepare, participants: [128] } },
    { ...plain, payload: { ...prepare, participants: new Array<number>(16).fill(1) } },
  ];
  for (const draft of others) t.is(shortFrame(1n, draft, FRAME_HEADER_BYTES), null);
});
