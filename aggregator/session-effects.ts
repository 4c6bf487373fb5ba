// What SLEEP(), GET_LOCK(), LAST_INSERT_ID(n) and @name := value do to a session and its cluster.

import type { AggregatorContext } from './aggregator-context.ts';
import type { Perform } from './executor/run-effects.ts';
import type { Session } from './session.ts';
import { isStrict } from './sql-mode.ts';
import { must, unreachable } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';

/** Characters of a lock's name. */
const LOCK_NAME_MAX = 64;

/** What a timer can wait for at once, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Shorter sleeps are none, as in MySQL; in seconds. */
const SLEEP_MIN_S = 0.00001;

interface EffectParts {
  readonly context: AggregatorContext;
  readonly session: Session;
  readonly sqlMode: ReadonlySet<string>;
}

/** The effects of a session's statement. They throw what MySQL's functions throw. */
export function sessionEffects(parts: EffectParts): Perform {
  const { context, session } = parts;
  const { userLocks } = context;
  return async (name, [first, second]) => {
    const value = first?.value ?? null;
    switch (name) {
      case 'sleep':
        return await sleep(parts, value);
      case 'get_lock': {
        const timeoutMs = timeoutOf(second?.value ?? null);
        session.releaseLocks ??= willRelease(context, session);
        const request = { holder: session.id, name: lockName(value), timeoutMs };
        return (await userLocks.acquire(request, session.signal)) ? 1n : 0n;
      }
      case 'release_lock': {
        const released = await userLocks.release(session.id, lockName(value));
        return released === null ? null : released ? 1n : 0n;
      }
      case 'release_all_locks':
        return BigInt(await userLocks.releaseAll(session.id));
      case 'is_free_lock':
        return (await userLocks.holderOf(lockName(value))) === null ? 1n : 0n;
      case 'is_used_lock': {
        const holder = await userLocks.holderOf(lockName(value));
        return holder === null ? null : BigInt(holder);
      }
      case 'last_insert_id':
        session.lastInsertId = typeof value === 'bigint' ? value : 0n;
        return value;
      case ':=': {
        const { type, value: assigned } = must(second);
        session.userVariables.set(String(value), { type, value: assigned });
        return assigned;
      }
      default:
        return unreachable(name);
    }
  };
}

/** The session's connection may end before it gives them back. */
function willRelease({ userLocks, logger }: AggregatorContext, { id }: Session) {
  return async (): Promise<void> => {
    try {
      await userLocks.releaseAll(id);
    } catch (error) {
      logger.warn('user locks were not given back', { connection: id }, error);
    }
  };
}

/** 0, or 1 when it was cut short: MySQL tells of that by the value. */
async function sleep({ context, session, sqlMode }: EffectParts, given: StoredValue) {
  const seconds = given === null ? -1 : Number(given);
  if (seconds < 0) {
    const error = databaseError('wrongArguments', { command: 'sleep.' });
    if (isStrict(sqlMode)) throw error;
    session.report('Warning', error);
  }
  if (seconds < SLEEP_MIN_S) return 0n;
  const { clock } = context;
  const { signal } = session;
  const endMs = clock.monotonicMs() + seconds * 1000;
  for (let left = seconds * 1000; left > 0; left = endMs - clock.monotonicMs()) {
    try {
      await clock.sleep(Math.min(Math.ceil(left), TIMER_MS_MAX), signal);
    } catch (error) {
      if (signal.aborted) return 1n;
      throw error;
    }
  }
  return 0n;
}

/** Names of locks do not know case. */
function lockName(given: StoredValue): string {
  const name = given === null ? '' : String(given);
  if (name !== '' && [...name].length <= LOCK_NAME_MAX) return name.toLowerCase();
  throw databaseError('userLockName', { name: given === null ? 'NULL' : name });
}

/** Negative ones wait without end. */
function timeoutOf(seconds: StoredValue): number | null {
  const ms = Number(seconds ?? 0) * 1000;
  return ms < 0 || ms > TIMER_MS_MAX ? null : ms;
}
