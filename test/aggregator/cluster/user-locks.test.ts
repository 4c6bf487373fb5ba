// The locks of GET_LOCK: who gets them in which order, and who is told that nobody would.

import test from 'ava';
import { connectionIdBase } from '#aggregator/cluster/connection-owner.ts';
import { ServedUserLocks } from '#aggregator/cluster/served-user-locks.ts';
import { LocalUserLocks } from '#aggregator/cluster/user-locks.ts';
import { FollowedUserLocks } from '#aggregator/child/followed-user-locks.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import type { MasterService } from '#shared/wire/message.ts';
import { until } from '#test/support/wait.ts';

const never = new AbortController().signal;

/** Its timers keep the test's process alive, which may have nothing else to do. */
const clock: Clock = {
  ...realClock,
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

function get(
  locks: LocalUserLocks,
  holder: number,
  name: string,
  timeoutMs: number | null = null,
): Promise<boolean> {
  return locks.acquire({ holder, name, timeoutMs }, never);
}

test('user locks: as often given back as taken, then the one that waited longest', async (t) => {
  const locks = new LocalUserLocks(clock);
  t.true(await get(locks, 1, 'a'));
  t.true(await get(locks, 1, 'a', 0));
  t.false(await get(locks, 2, 'a', 0));
  t.false(await get(locks, 2, 'a', 5), 'it is told when its time is over');
  const [second, third] = [get(locks, 2, 'a'), get(locks, 3, 'a')];
  t.true(await locks.release(1, 'a'));
  t.is(await locks.holderOf('a'), 1);
  t.false(await locks.release(2, 'a'), "another one's");
  t.true(await locks.release(1, 'a'));
  t.true(await second);
  t.is(await locks.holderOf('a'), 2);
  t.is(await locks.releaseAll(2), 1);
  t.true(await third);
  t.true(await locks.release(3, 'a'));
  t.is(await locks.release(3, 'a'), null, "nobody's");
});

test('user locks: who would wait in a circle is told so, and the others go on', async (t) => {
  const locks = new LocalUserLocks(clock);
  for (const holder of [1, 2, 3]) t.true(await get(locks, holder, `l${holder}`));
  const [first, second] = [get(locks, 1, 'l2'), get(locks, 2, 'l3')];
  const error = await t.throwsAsync(get(locks, 3, 'l1'));
  t.true(error instanceof DatabaseError && error.is('userLockDeadlock') && error.errno === 3058);
  t.is(await locks.releaseAll(3), 1);
  t.true(await second);
  t.is(await locks.releaseAll(2), 2);
  t.true(await first);
});

test('user locks: who is interrupted leaves the queue', async (t) => {
  const locks = new LocalUserLocks(clock);
  await get(locks, 1, 'a');
  const cut = new AbortController();
  const waiting = locks.acquire({ holder: 2, name: 'a', timeoutMs: null }, cut.signal);
  const behind = get(locks, 3, 'a');
  cut.abort();
  await locks.releaseAll(1);
  const error = await t.throwsAsync(waiting);
  t.true(error instanceof DatabaseError && error.is('queryInterrupted'));
  t.true(await behind);
  t.is(await locks.holderOf('a'), 3);
});

/** A child's locks on a master in the same process, whose connection `cut` ends. */
function childOf(served: ServedUserLocks, nodeId: number) {
  const ended: number[] = [];
  const cut = new AbortController();
  const { locks } = served;
  const calls: Readonly<Record<string, (request: never) => Promise<unknown>>> = {
    releaseUserLock: async ({ holder, name }: { holder: number; name: string }) => {
      return { released: await locks.release(holder, name) };
    },
    settleUserLock: async (request: { holder: number; name: string; count: number }) => {
      locks.settle(request.holder, request.name, request.count);
    },
  };
  const master = {
    call: (name: string, request: never) => calls[name]?.(request),
    stream: (name: string, request: never, signal: AbortSignal) =>
      name === 'userLocks' ? served.attend(nodeId, signal) : served.acquire(request, signal),
  };
  const child = new FollowedUserLocks((holder) => ended.push(holder));
  const following = child.follow(master as unknown as MasterService, nodeId, cut.signal);
  return { child, cut, ended, following };
}

test('user locks: those of a child aggregator end with it, and their holders too', async (t) => {
  const served = new ServedUserLocks(new LocalUserLocks(clock), clock);
  const { child, cut, ended, following } = childOf(served, 5);
  const [keeps, gives] = [connectionIdBase(5) + 1, connectionIdBase(5) + 2];
  t.true(await child.acquire({ holder: keeps, name: 'a', timeoutMs: 0 }, never));
  t.true(await child.acquire({ holder: gives, name: 'b', timeoutMs: 0 }, never));
  t.true(await child.release(gives, 'b'));
  t.false(await get(served.locks, 1, 'a', 0), 'it is the cluster that has it');
  cut.abort();
  await t.throwsAsync(following);
  t.deepEqual(ended, [keeps], 'who held nothing goes on');
  await t.throwsAsync(child.acquire({ holder: keeps, name: 'a', timeoutMs: 0 }, never));
  t.is(await served.locks.holderOf('a'), keeps, 'its client may not be ended yet');
  const again = childOf(served, 5);
  await until('the lock to be free', async () => (await served.locks.holderOf('a')) === null);
  again.cut.abort();
  await t.throwsAsync(again.following);
});

test('user locks: what was granted while its child gave up is taken back', async (t) => {
  const served = new ServedUserLocks(new LocalUserLocks(clock), clock);
  const { child, cut, following } = childOf(served, 5);
  const holder = connectionIdBase(5) + 1;
  await get(served.locks, 1, 'a');
  const kill = new AbortController();
  const waiting = child.acquire({ holder, name: 'a', timeoutMs: null }, kill.signal);
  await served.locks.releaseAll(1);
  kill.abort();
  const granted = await waiting.catch(() => false);
  t.is((await served.locks.holderOf('a')) === holder, granted);
  cut.abort();
  await t.throwsAsync(following);
});
