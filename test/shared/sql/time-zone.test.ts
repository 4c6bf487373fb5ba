// Time zones: offsets, names, and the hours that clocks leave out or repeat.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { dateTimeText, readMoment } from '#shared/sql/temporal.ts';
import {
  findTimeZone,
  timestampInZone,
  timeZone,
  utcToZone,
  zoneToUtc,
} from '#shared/sql/time-zone.ts';

const toUtc = (moment: string, zone: string) =>
  dateTimeText(must(zoneToUtc(readMoment(moment), timeZone(zone))), 0);
const fromUtc = (moment: string, zone: string) =>
  dateTimeText(must(utcToZone(readMoment(moment), timeZone(zone))), 0);

test('time-zone: an offset is added on the way out and taken off on the way in', (t) => {
  t.is(fromUtc('2024-01-31 23:30:00', '+05:30'), '2024-02-01 05:00:00');
  t.is(toUtc('2024-02-01 05:00:00', '+05:30'), '2024-01-31 23:30:00');
  t.is(fromUtc('1970-01-01 00:00:00', '-08:00'), '1969-12-31 16:00:00');
  t.is(fromUtc('2024-01-01 00:00:00', 'UTC'), '2024-01-01 00:00:00');
});

test('time-zone: a named zone knows summer', (t) => {
  t.is(fromUtc('2024-01-15 12:00:00', 'Europe/Vienna'), '2024-01-15 13:00:00');
  t.is(fromUtc('2024-07-15 12:00:00', 'Europe/Vienna'), '2024-07-15 14:00:00');
  t.is(toUtc('2024-07-15 14:00:00', 'Europe/Vienna'), '2024-07-15 12:00:00');
});

test('time-zone: a skipped moment is the jump, a repeated one the earlier', (t) => {
  t.is(toUtc('2024-03-31 02:30:00', 'Europe/Vienna'), '2024-03-31 01:00:00');
  t.is(toUtc('2024-10-27 02:30:00', 'Europe/Vienna'), '2024-10-27 00:30:00');
  t.is(toUtc('2024-03-10 02:30:00', 'America/New_York'), '2024-03-10 07:00:00');
});

test('time-zone: unknown names and offsets beyond the range are refused', (t) => {
  t.is(findTimeZone('Nowhere/At_All'), null);
  t.is(findTimeZone('+14:01'), null);
  t.is(findTimeZone('-14:00'), null);
  t.not(findTimeZone('SYSTEM'), null);
  t.throws(() => timeZone('x y'), { message: /time_zone/ });
});

test('time-zone: the zero moment has no zone', (t) => {
  const zero = '0000-00-00 00:00:00';
  t.is(timestampInZone(zero, timeZone('+02:00'), 0), zero);
});
