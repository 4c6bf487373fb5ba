// Who fails to log in again and again is kept out for a while: a bounded table of hosts.
//
// Each failure counts one, each second forgives one. A host that has as many as
// @@max_connect_errors is told 1129 instead of a greeting, so that guesses come at one a second at
// most. A login that succeeds forgives nothing: else one's own account would pay for guesses at
// others.

import { isIPv6 } from 'node:net';
import type { Clock } from '#shared/clock.ts';

/** Hosts that are kept in mind; of more, the one that failed longest ago is forgotten. */
const HOSTS_MAX = 10_000;
const FORGIVEN_AFTER_MS = 1000;
/** No failure is remembered for longer than it takes to forgive so many. */
const FAILURES_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly atMs: number;
}

export class LoginGuard {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True where the host has failed `limit` times lately. */
  isBlocked(host: string, limit: number): boolean {
    return this.#failures(keyOf(host)) >= limit;
  }

  /** A login from there has failed. */
  failed(host: string): void {
    const key = keyOf(host);
    const count = Math.min(this.#failures(key) + 1, FAILURES_MAX);
    this.#hosts.delete(key);
    this.#hosts.set(key, { count, atMs: this.#clock.monotonicMs() });
    if (this.#hosts.size <= HOSTS_MAX) return;
    const [oldest] = this.#hosts.keys();
    if (oldest !== undefined) this.#hosts.delete(oldest);
  }

  /** FLUSH HOSTS. */
  forgive(): void {
    this.#hosts.clear();
  }

  #failures(key: string): number {
    const found = this.#hosts.get(key);
    if (found === undefined) return 0;
    const forgiven = (this.#clock.monotonicMs() - found.atMs) / FORGIVEN_AFTER_MS;
    return Math.max(found.count - forgiven, 0);
  }
}

/** One who has an IPv6 network has all its addresses: the first four groups count. */
function keyOf(host: string): string {
  if (!isIPv6(host)) return host;
  const [head = '', tail] = host.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(8 - first.length - last.length, 0);
  const groups = [...first, ...Array.from({ length: gap }, () => '0'), ...last];
  return groups.slice(0, 4).join(':');
}
