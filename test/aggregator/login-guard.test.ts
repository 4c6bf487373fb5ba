// Failed logins are counted by host, forgiven by time, and bounded in number.

import test from 'ava';
import { LoginGuard } from '#aggregator/login-guard.ts';
import { realClock } from '#shared/clock.ts';

function guardAt(time: { ms: number }): LoginGuard {
  return new LoginGuard({ ...realClock, monotonicMs: () => time.ms });
}

test('a host is blocked at the limit, and a try a second later is let through', (t) => {
  const time = { ms: 0 };
  const guard = guardAt(time);
  for (let times = 0; times < 5; times += 1) guard.failed('10.0.0.1');
  t.true(guard.isBlocked('10.0.0.1', 5));
  t.false(guard.isBlocked('10.0.0.2', 5));
  time.ms = 1001;
  t.false(guard.isBlocked('10.0.0.1', 5));
  guard.failed('10.0.0.1');
  t.false(guard.isBlocked('10.0.0.1', 5.5));
  t.true(guard.isBlocked('10.0.0.1', 4.9));
  time.ms = 60_000;
  t.false(guard.isBlocked('10.0.0.1', 1));
});

test('all addresses of an IPv6 network are one host', (t) => {
  const guard = guardAt({ ms: 0 });
  for (const host of ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9']) {
    guard.failed(host);
  }
  t.true(guard.isBlocked('2001:db8:1:2::ffff', 3));
  t.false(guard.isBlocked('2001:db8:1:3::1', 1));
});

test('hosts beyond the bound push out the one that failed longest ago', (t) => {
  const guard = guardAt({ ms: 0 });
  guard.failed('first');
  for (let host = 0; host < 10_000; host += 1) guard.failed(`host-${host}`);
  t.false(guard.isBlocked('first', 1));
  t.true(guard.isBlocked('host-0', 1));
});
