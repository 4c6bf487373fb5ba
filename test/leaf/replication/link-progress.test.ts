// Lag is told truthfully: nothing missing is 0, and silence is not nothing.

import test from 'ava';
import { LinkProgress } from '#leaf/replication/link-progress.ts';
import { realClock, type Clock } from '#shared/clock.ts';

interface StoppedClock extends Clock {
  advance(ms: number): void;
  /** Somebody sets the system's clock. */
  set(byMs: number): void;
}

function stoppedClock(): StoppedClock {
  let ms = 1_000_000;
  let setMs = 0;
  return {
    ...realClock,
    now: () => ms + setMs,
    monotonicMs: () => ms,
    advance: (by) => {
      ms += by;
    },
    set: (by) => {
      setMs += by;
    },
  };
}

const beat = (lsn: bigint, lagBytes: number) =>
  ({ kind: 'heartbeat', term: 1, lsn, tailTimestampMs: 5, lagBytes }) as const;

test('link progress: records, bytes and time that are missing', (t) => {
  const clock = stoppedClock();
  const progress = new LinkProgress(clock, 10n);
  progress.heartbeat(beat(10n, 0));
  t.deepEqual(progress.lag(true, 1), { hears: true, lagRecords: 0, lagBytes: 0, lagMs: 0 });
  clock.advance(500);
  progress.heartbeat(beat(13n, 300));
  clock.advance(200);
  t.deepEqual(progress.lag(true, 1), { hears: true, lagRecords: 3, lagBytes: 300, lagMs: 700 });
  progress.received(200);
  progress.applied({ term: 1, lsn: 12n }, 200);
  t.deepEqual(progress.lag(true, 1), { hears: true, lagRecords: 1, lagBytes: 100, lagMs: 700 });
  progress.applied({ term: 1, lsn: 13n }, 100);
  t.deepEqual(progress.lag(true, 1), { hears: true, lagRecords: 0, lagBytes: 0, lagMs: 0 });
  t.is(progress.recordsApplied, 3);
});

test('link progress: an idle primary is no lag, one that is not heard is', (t) => {
  const clock = stoppedClock();
  const progress = new LinkProgress(clock, 10n);
  t.false(progress.lag(true, 1).hears, 'it has told nothing yet');
  for (let second = 0; second < 60; second++) {
    progress.heartbeat(beat(10n, 0));
    t.is(progress.lag(true, 1).lagMs, 0);
    clock.advance(1000);
  }
  t.is(progress.lag(true, 1).lagMs, 0);
  t.like(progress.lag(false, 1), { hears: false, lagRecords: 0, lagMs: 1000 });
  clock.advance(9000);
  t.like(progress.lag(true, 1), { hears: false, lagRecords: 0, lagMs: 10_000 });
});

test('link progress: whether the primary is heard does not hang on what time it is', (t) => {
  const clock = stoppedClock();
  const progress = new LinkProgress(clock, 10n);
  progress.heartbeat(beat(10n, 0));
  clock.set(3_600_000);
  t.true(progress.lag(true, 1).hears, 'set forward');
  clock.set(-7_200_000);
  clock.advance(5000);
  t.false(progress.lag(true, 1).hears, 'set back');
});

test('link progress: throughput is that of the last second, and goes to 0', (t) => {
  const clock = stoppedClock();
  const progress = new LinkProgress(clock, 0n);
  for (let i = 0; i < 30; i++) {
    progress.received(1000);
    clock.advance(100);
  }
  t.is(progress.bytesPerSecond, 10_000);
  clock.advance(100_000);
  t.true(progress.bytesPerSecond < 200);
});
