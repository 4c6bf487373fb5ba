// What arrives at a secondary is held while nobody reads, and is applied whole and in its order.

import test from 'ava';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { realClock, type Clock } from '#shared/clock.ts';
import { FrameError } from '#shared/log/log-frame.ts';
import { Intake } from '#leaf/replication/intake.ts';
import { Pace } from '#leaf/replication/pace.ts';

/** A clock whose timers fire when they are told to. */
function handClock(): { clock: Clock; fire: () => void; pass: (ms: number) => void } {
  let nowMs = 1_000_000;
  let timers: (() => void)[] = [];
  const clock: Clock = {
    ...realClock,
    monotonicMs: () => nowMs,
    after(_, action) {
      timers.push(action);
      return { cancel: () => (timers = timers.filter((each) => each !== action)) };
    },
  };
  const fire = (): void => {
    for (const action of timers.splice(0)) action();
  };
  return { clock, fire, pass: (ms) => (nowMs += ms) };
}

function world(apply?: (frames: Uint8Array) => Promise<void>) {
  const hand = handClock();
  const pace = new Pace(hand.clock);
  const applied: string[] = [];
  const failures: unknown[] = [];
  const intake = new Intake({
    pace,
    mayHold: () => true,
    apply:
      apply ??
      (async (frames) => {
        await nextTurn();
        applied.push(Buffer.from(frames).toString());
      }),
    onFailure: (error) => failures.push(error),
  });
  return { ...hand, pace, intake, applied, failures };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('intake: while nobody reads, what arrives is held and applied together', async (t) => {
  const { intake, applied, fire } = world();
  await intake.take(bytes('a'));
  await intake.take(bytes('b'));
  await nextTurn();
  t.deepEqual(applied, []);
  fire();
  await intake.drain();
  t.deepEqual(applied, ['ab']);
});

test('intake: a read waits for what is held, and what comes then is applied at once', async (t) => {
  const { intake, applied, pace, pass } = world();
  await intake.take(bytes('a'));
  await pace.noteRead();
  t.deepEqual(applied, ['a']);
  await intake.take(bytes('b'));
  t.is(pace.noteRead(), null);
  await intake.drain();
  t.deepEqual(applied, ['a', 'b']);
  pass(10_000);
  await intake.take(bytes('c'));
  await nextTurn();
  t.deepEqual(applied, ['a', 'b']);
});

test('intake: a read does not wait for ever for an applying that does not end', async (t) => {
  const stuck = Promise.withResolvers<void>();
  const { intake, pace, fire } = world(() => stuck.promise);
  await intake.take(bytes('a'));
  const read = pace.noteRead();
  await nextTurn();
  fire();
  await t.notThrowsAsync(async () => read);
  stuck.resolve();
  await intake.drain();
});

test('intake: what comes while a batch is applied is one batch', async (t) => {
  const { intake, applied, pace } = world();
  void pace.noteRead();
  for (const text of ['a', 'b', 'c', 'd']) await intake.take(bytes(text));
  await intake.drain();
  t.deepEqual(applied, ['a', 'bcd']);
});

test('intake: much is not held back, and the stream waits while it is applied', async (t) => {
  const { intake, applied } = world();
  await intake.take(bytes('a'));
  await intake.take(Buffer.alloc(256 * 1024));
  t.is(applied[0], 'a');
  await intake.drain();
  t.is(applied.length, 2);
});

test('intake: of a batch with a damaged item the items before it are applied', async (t) => {
  const applied: string[] = [];
  const { intake, failures } = world(async (frames) => {
    const text = Buffer.from(frames).toString();
    if (text.includes('x')) throw new FrameError('damaged');
    applied.push(text);
  });
  for (const text of ['a', 'b', 'x', 'c']) await intake.take(bytes(text));
  await intake.drain();
  t.deepEqual(applied, ['a', 'b']);
  t.true(failures[0] instanceof FrameError && failures.length === 1);
  await intake.take(bytes('d'));
  await intake.drain();
  t.deepEqual(applied, ['a', 'b']);
});
