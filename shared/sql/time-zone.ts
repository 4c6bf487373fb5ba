// Time zones by offset or by name, and moments moved between them and UTC.

import { databaseError } from '#shared/error.ts';
import {
  dateTimeText,
  epochMicroseconds,
  hasOpenPart,
  momentOfEpoch,
  readMoment,
  type Moment,
} from './temporal.ts';

/** The rules of one zone. */
export interface TimeZone {
  /** As the client named it: '+02:00', 'SYSTEM', 'Europe/Vienna'. */
  readonly name: string;
  /** Seconds east of UTC at a moment, given in seconds since 1970. */
  offsetSecondsAt(epochSeconds: number): number;
}

const MICROSECONDS = 1_000_000n;
const DAY_SECONDS = 86_400;

/** The widest offsets that MySQL takes, in minutes: -13:59 to +14:00. */
const OFFSET_MINUTES_MIN = -(13 * 60 + 59);
const OFFSET_MINUTES_MAX = 14 * 60;

export const UTC: TimeZone = { name: 'UTC', offsetSecondsAt: () => 0 };

/** The zone of that name. Throws wrongVariableValue, as SET time_zone does. */
export function timeZone(name: string): TimeZone {
  const zone = findTimeZone(name);
  if (zone === null) throw databaseError('wrongVariableValue', { name: 'time_zone', value: name });
  return zone;
}

/** The zone of that name, or null. */
export function findTimeZone(name: string): TimeZone | null {
  const offset = /^([+-])(\d{1,2}):([0-5]\d)$/.exec(name);
  if (offset !== null) {
    const size = Number(offset[2]) * 60 + Number(offset[3]);
    const minutes = offset[1] === '-' ? -size : size;
    if (minutes < OFFSET_MINUTES_MIN || minutes > OFFSET_MINUTES_MAX) return null;
    return { name, offsetSecondsAt: () => minutes * 60 };
  }
  if (/^(?:utc|etc\/utc|gmt)$/i.test(name)) return { ...UTC, name };
  const system = name.toUpperCase() === 'SYSTEM';
  const zone = system ? new Intl.DateTimeFormat().resolvedOptions().timeZone : name;
  if (!/^[\w/+-]+$/.test(zone)) return null;
  return zone === 'UTC' ? { ...UTC, name } : namedZone(name, zone);
}

/** A zone of the IANA database, whose rules Intl knows; null when it does not. */
function namedZone(name: string, zone: string): TimeZone | null {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
  return {
    name,
    offsetSecondsAt: (epochSeconds) => localSeconds(format, epochSeconds) - epochSeconds,
  };
}

/** The wall clock at a moment, read as if it were UTC. */
function localSeconds(format: Intl.DateTimeFormat, epochSeconds: number): number {
  const field = new Map<string, string>();
  for (const { type, value } of format.formatToParts(epochSeconds * 1000)) field.set(type, value);
  const part = (type: string) => Number(field.get(type));
  const year = field.get('era') === 'BC' ? 1 - part('year') : part('year');
  const wall = new Date(0);
  wall.setUTCFullYear(year, part('month') - 1, part('day'));
  wall.setUTCHours(part('hour'), part('minute'), part('second'));
  return wall.getTime() / 1000;
}

/** A moment of UTC as the zone's clocks show it; null outside of the calendar. */
export function utcToZone(moment: Moment, zone: TimeZone): Moment | null {
  const epoch = epochMicroseconds(moment);
  const offset = zone.offsetSecondsAt(Number(floorDivide(epoch, MICROSECONDS)));
  return momentOfEpoch(epoch + BigInt(offset) * MICROSECONDS);
}

/**
 * The moment of UTC at which the zone's clocks show this. Of two, the earlier; a moment that the
 * clocks leave out becomes the one at which they jump.
 */
export function zoneToUtc(moment: Moment, zone: TimeZone): Moment | null {
  const local = epochMicroseconds(moment);
  const seconds = Number(floorDivide(local, MICROSECONDS));
  const before = zone.offsetSecondsAt(seconds - DAY_SECONDS);
  const after = zone.offsetSecondsAt(seconds + DAY_SECONDS);
  for (const offset of [before, after]) {
    if (zone.offsetSecondsAt(seconds - offset) === offset) {
      return momentOfEpoch(local - BigInt(offset) * MICROSECONDS);
    }
  }
  return momentOfEpoch(BigInt(jumpAfter(zone, seconds - after)) * MICROSECONDS);
}

/** The second of the zone's change that lies within an hour or a day after `from`. */
function jumpAfter(zone: TimeZone, from: number): number {
  let low = from;
  let high = from + DAY_SECONDS;
  const offset = zone.offsetSecondsAt(low);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone.offsetSecondsAt(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** A stored TIMESTAMP as a session in that zone sees it. The zero moment has no zone. */
export function timestampInZone(stored: string, zone: TimeZone, fsp: number): string {
  const moment = readMoment(stored);
  if (hasOpenPart(moment)) return stored;
  const local = utcToZone(moment, zone);
  return local === null ? stored : dateTimeText(local, fsp);
}
