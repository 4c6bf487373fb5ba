// The log keeps what the file or a follower still needs, within its limits.

import test from 'ava';
import { planRetention } from '#leaf/log/log-retention.ts';
import { logStart } from '#shared/log/log-frame.ts';

const segments = [10n, 20n, 30n, 40n].map((lsn) => ({
  path: `${lsn}.log`,
  last: { ...logStart, lsn },
  lastTimestamp: (1000n * lsn) << 16n,
  sizeBytes: 100,
}));

const limits = { keptBytesMin: 0, logSizeBytesMax: 1000, ageMsMax: 1_000_000 };
const plenty = { segments, logSizeBytes: 500, durableLsn: 40n, limits, nowMs: 50_000 };
const follower = (id: string, confirmed: bigint, letGo = '') => ({ id, confirmed, letGo });

test('retention: only what the file has durably and every follower has confirmed goes', (t) => {
  t.is(planRetention({ ...plenty, followers: [] }).dropped, 4);
  t.is(planRetention({ ...plenty, followers: [], durableLsn: 29n }).dropped, 2);
  t.is(planRetention({ ...plenty, followers: [follower('a', 15n)] }).dropped, 1);
  t.is(planRetention({ ...plenty, followers: [follower('a', 15n, 'gone')] }).dropped, 4);
  const keeping = { ...limits, keptBytesMin: 250 };
  t.is(planRetention({ ...plenty, followers: [], limits: keeping }).dropped, 2);
});

test('retention: a follower beyond the bytes or the age is let go, and the others stay', (t) => {
  const followers = [follower('slow', 5n), follower('fast', 40n)];
  const small = { ...limits, logSizeBytesMax: 350 };
  const plan = planRetention({ ...plenty, followers, limits: small });
  t.deepEqual(
    plan.letGo.map(({ id }) => id),
    ['slow'],
  );
  t.regex(plan.letGo[0]?.reason ?? '', /350 bytes/);
  const young = { ...limits, ageMsMax: 25_000 };
  const old = planRetention({ ...plenty, followers: [follower('slow', 15n)], limits: young });
  t.deepEqual(
    old.letGo.map(({ id }) => id),
    ['slow'],
  );
  t.is(planRetention({ ...plenty, followers: [follower('b', 25n)], limits: young }).dropped, 2);
});

test('retention: never drops what the file does not have, whatever the limits', (t) => {
  const small = { keptBytesMin: 0, logSizeBytesMax: 0, ageMsMax: 0 };
  const plan = planRetention({ ...plenty, followers: [], limits: small, durableLsn: 0n });
  t.is(plan.dropped, 0);
});
