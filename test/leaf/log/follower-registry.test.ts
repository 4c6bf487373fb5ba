// Who follows is known after a restart, with at most what it had confirmed.

import { join } from 'node:path';
import test from 'ava';
import { FollowerRegistry } from '#leaf/log/follower-registry.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

test('followers: registered durably; a confirmation may be older after a restart', async (t) => {
  const path = join(temporaryDirectory(t), 'followers');
  const registry = new FollowerRegistry(path);
  t.true(await registry.register('a', 5n));
  registry.confirm('a', 9n);
  registry.confirm('a', 7n);
  t.is(registry.find('a')?.confirmed, 9n);
  t.is(new FollowerRegistry(path).find('a')?.confirmed, 5n);
  registry.letGo('a', 'too far behind');
  await registry.save();
  t.deepEqual(new FollowerRegistry(path).list(), [
    { id: 'a', confirmed: 9n, letGo: 'too far behind' },
  ]);
  await registry.register('a', 20n);
  t.is(new FollowerRegistry(path).find('a')?.letGo, '');
  await registry.remove('a');
  t.is(new FollowerRegistry(path).find('a'), null);
});

test('followers: there are only so many', async (t) => {
  const registry = new FollowerRegistry(join(temporaryDirectory(t), 'followers'));
  const ids = Array.from({ length: 300 }, (_, index) => `f${index}`);
  const taken = await Promise.all(ids.map((id) => registry.register(id, 0n)));
  t.is(taken.filter(Boolean).length, 256);
});
