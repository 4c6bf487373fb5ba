// Dates and times against MariaDB's.

import test from 'ava';
import { typeText } from '#shared/sql/type-text.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameAnswers, type Question } from '#test/support/same-answers.ts';

const withOracle = oracleTests(test);

const dates = [
  '2024-01-01',
  '2024-01-31',
  '2024-02-29',
  '2023-12-31',
  '2000-02-29',
  '1999-12-31',
  '2016-01-03',
  '2017-01-01',
  '2018-12-30',
  '2020-12-31',
  '2021-01-01',
  '2022-01-02',
  '1900-03-01',
  '0001-01-01',
  '9999-12-31',
  '1970-01-01',
  '2010-01-03',
  '2008-02-20',
  '2024-12-30',
  '1752-09-14',
];
const moments = [
  '2024-01-31 10:11:12.123456',
  '2024-02-29 23:59:59.999999',
  '1999-12-31 00:00:00.000000',
  '2000-01-01 12:00:00.500000',
  '9999-12-31 23:59:59.000000',
  '0001-01-01 00:00:00.000001',
];

withOracle('temporal functions: the place of a date in the calendar', async (t, oracle) => {
  const modes = [0, 1, 2, 3, 4, 5, 6, 7];
  await sameAnswers(
    t,
    oracle,
    dates.flatMap((date): Question[] => [
      ...modes.map((mode): Question => [`week('${date}', ${mode})`, `tl_week('${date}', ${mode})`]),
      ...modes.map((mode): Question => [
        `yearweek('${date}', ${mode})`,
        `tl_yearweek('${date}', ${mode})`,
      ]),
      [`weekofyear('${date}')`, `tl_weekofyear('${date}')`],
      ...['dayofweek', 'weekday', 'dayofyear', 'quarter', 'year', 'month', 'day'].map(
        (part): Question => [`${part}('${date}')`, `tl_part('${part}', '${date}')`],
      ),
      ...['to_days', 'dayname', 'monthname', 'last_day', 'to_seconds'].map((name): Question => [
        `${name}('${date}')`,
        `tl_${name}('${date}')`,
      ]),
      [`from_days(to_days('${date}'))`, `tl_from_days(tl_to_days('${date}'))`],
      [`datediff('${date}', '2024-02-29')`, `tl_datediff('${date}', '2024-02-29')`],
    ]),
  );
});

withOracle('temporal functions: formats', async (t, oracle) => {
  const letters = 'a b c D d e f H h I i j k l M m p r S s T U u V v W w X x Y y % z'.split(' ');
  const format = letters.map((letter) => `${letter}=%${letter}`).join('|');
  await sameAnswers(t, oracle, [
    ...[...moments, ...dates.map((date) => `${date} 07:08:09.000000`)].map((d): Question => [
      `date_format('${d}', '${format}')`,
      `tl_date_format('${d}', '${format}')`,
    ]),
    ["date_format('0000-00-00', '%Y %m %d')", "tl_date_format('0000-00-00', '%Y %m %d')"],
    ["date_format('2024-00-00', '%M')", "tl_date_format('2024-00-00', '%M')"],
    ["date_format('2024-01-02', 'a%')", "tl_date_format('2024-01-02', 'a%')"],
    [
      "time_format('100:02:03', '%H %k %h %I %l %i %s %p')",
      "tl_time_format(360123000000, '%H %k %h %I %l %i %s %p')",
    ],
  ]);
});

withOracle('temporal functions: STR_TO_DATE', async (t, oracle) => {
  await oracle.query("SET sql_mode = 'NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES'");
  const type = (kind: 'date' | 'datetime' | 'time') =>
    `'${typeText(kind === 'date' ? { kind } : { kind, fsp: 0 })}'`;
  const cases: readonly (readonly [string, string, 'date' | 'datetime' | 'time'])[] = [
    ['01,5,2013', '%d,%m,%Y', 'date'],
    ['May 1, 2013', '%M %d,%Y', 'date'],
    ['a09:30:17', 'a%h:%i:%s', 'time'],
    ['09:30:17a', '%h:%i:%s', 'time'],
    ['2024-01-05 03:04 pm', '%Y-%m-%d %h:%i %p', 'datetime'],
    ['abc', '%Y', 'date'],
    ['24-1-5', '%y-%m-%d', 'date'],
    ['2024 60', '%Y %j', 'date'],
    ['200442 Monday', '%X%V %W', 'date'],
    ['200442 Monday', '%x%v %W', 'date'],
    ['5th March 2024', '%D %M %Y', 'date'],
    ['2024-01-05 10:11:12', '%Y-%m-%d %T', 'datetime'],
    ['10:11:12 PM', '%r', 'time'],
    ['13:00 pm', '%h:%i %p', 'time'],
    ['2024-01-05xyz', '%Y-%m-%d', 'date'],
    ['Fri Mar 1 2024', '%a %b %e %Y', 'date'],
    ['2024-1', '%Y-%m', 'date'],
    ['12:00 am', '%h:%i %p', 'time'],
    ['69-1-1', '%y-%m-%d', 'date'],
    ['', '%Y-%m-%d', 'date'],
  ];
  await sameAnswers(
    t,
    oracle,
    cases.map(([text, format, kind]): Question => [
      `str_to_date('${text}', '${format}')`,
      kind === 'time'
        ? `tl_text(tl_str_to_date('${text}', '${format}', ${type(kind)}), ${type(kind)})`
        : `tl_str_to_date('${text}', '${format}', ${type(kind)})`,
    ]),
  );
});

withOracle('temporal functions: intervals', async (t, oracle) => {
  const amounts: readonly (readonly [string, string])[] = [
    ['1', 'microsecond'],
    ['-1', 'microsecond'],
    ['1', 'second'],
    ["'1.5'", 'second'],
    ['90', 'minute'],
    ['-25', 'hour'],
    ['1', 'day'],
    ['-366', 'day'],
    ['2', 'week'],
    ['1', 'month'],
    ['-1', 'month'],
    ['13', 'month'],
    ['1', 'quarter'],
    ['-1', 'year'],
    ['4', 'year'],
    ['10000', 'year'],
    ["'1:30'", 'minute_second'],
    ["'1:2:3'", 'hour_second'],
    ["'1 2:3:4'", 'day_second'],
    ["'1:1'", 'day_second'],
    ["'1 2'", 'day_hour'],
    ["'1 2:3'", 'day_minute'],
    ["'-1 2:3'", 'day_minute'],
    ["'1-2'", 'year_month'],
    ["'-1-2'", 'year_month'],
    ["'1.5'", 'second_microsecond'],
    ["'1:2.25'", 'minute_microsecond'],
    ["'1:2:3.4'", 'hour_microsecond'],
    ["'1 2:3:4.5'", 'day_microsecond'],
    ["'5'", 'year_month'],
    ["'abc'", 'day'],
    ["'2x'", 'day'],
    ["'1:02'", 'hour_minute'],
    ["''", 'day_second'],
    ['1.5e0', 'day'],
    ['2.5e0', 'hour'],
  ];
  await sameAnswers(
    t,
    oracle,
    moments.flatMap((moment) =>
      amounts.flatMap(([amount, unit]) =>
        ['+', '-'].map((sign): Question => {
          const sum = `cast('${moment}' as datetime(6)) ${sign} interval ${amount} ${unit}`;
          return [
            `date_format(${sum}, '%Y-%m-%d %H:%i:%s.%f')`,
            `tl_date_add('${moment}', ${sign}1, ${amount}, '${unit}', 'datetime6')`,
          ];
        }),
      ),
    ),
  );
});

withOracle('temporal functions: differences, parts and times', async (t, oracle) => {
  const units = [
    'microsecond',
    'second',
    'minute',
    'hour',
    'day',
    'week',
    'month',
    'quarter',
    'year',
  ];
  const parts = [
    ...units,
    'second_microsecond',
    'minute_second',
    'hour_microsecond',
    'hour_minute',
    'day_microsecond',
    'day_second',
    'day_hour',
    'year_month',
  ];
  const time = `'${typeText({ kind: 'time', fsp: 0 })}'`;
  await sameAnswers(t, oracle, [
    ...moments.flatMap((a) =>
      moments.flatMap((b) =>
        units.map((unit): Question => [
          `timestampdiff(${unit}, '${a}', '${b}')`,
          `tl_timestampdiff('${unit}', '${a}', '${b}')`,
        ]),
      ),
    ),
    ...moments.flatMap((d) =>
      parts.map((part): Question => [
        `extract(${part} from cast('${d}' as datetime(6)))`,
        `tl_extract('${part}', '${d}')`,
      ]),
    ),
    [
      "timediff('2000-01-01 00:00:00', '2000-01-01 00:00:01')",
      `tl_text(tl_timediff('2000-01-01 00:00:00', '2000-01-01 00:00:01'), ${time})`,
    ],
    [
      "timediff('2008-12-31 23:59:59', '2008-12-30 01:01:01')",
      `tl_text(tl_timediff('2008-12-31 23:59:59', '2008-12-30 01:01:01'), ${time})`,
    ],
    [
      "timediff('2024-12-31 23:59:59', '2008-12-30 01:01:01')",
      `tl_text(tl_timediff('2024-12-31 23:59:59', '2008-12-30 01:01:01'), ${time})`,
    ],
    ['makedate(2011, 31)', 'tl_makedate(2011, 31)'],
    ['makedate(2011, 366)', 'tl_makedate(2011, 366)'],
    ['makedate(2011, 0)', 'tl_makedate(2011, 0)'],
    ['makedate(11, 1)', 'tl_makedate(11, 1)'],
    ['makedate(9999, 366)', 'tl_makedate(9999, 366)'],
    ['maketime(12, 15, 30)', `tl_text(tl_maketime(12, 15, 30), ${time})`],
    ['maketime(-12, 15, 30)', `tl_text(tl_maketime(-12, 15, 30), ${time})`],
    ['maketime(12, 60, 30)', `tl_text(tl_maketime(12, 60, 30), ${time})`],
    ['sec_to_time(2378)', `tl_text(tl_sec_to_time(2378), ${time})`],
    ['sec_to_time(-2378)', `tl_text(tl_sec_to_time(-2378), ${time})`],
    ['sec_to_time(99999999)', `tl_text(tl_sec_to_time(99999999), ${time})`],
    ["time_to_sec('22:23:00')", 'tl_time_to_sec(80580000000)'],
    ["time_to_sec('-00:23:00')", 'tl_time_to_sec(-1380000000)'],
    ['period_add(200801, 2)', 'tl_period_add(200801, 2)'],
    ['period_add(9912, 2)', 'tl_period_add(9912, 2)'],
    ['period_diff(200802, 200703)', 'tl_period_diff(200802, 200703)'],
    [
      "convert_tz('2004-01-01 12:00:00', '+00:00', '+10:00')",
      "tl_convert_tz('2004-01-01 12:00:00', '+00:00', '+10:00', 'datetime0')",
    ],
    [
      "convert_tz('2004-01-01 12:00:00', '+00:00', 'Nowhere')",
      "tl_convert_tz('2004-01-01 12:00:00', '+00:00', 'Nowhere', 'datetime0')",
    ],
    [
      "unix_timestamp('2015-11-13 10:20:19')",
      "tl_unix_timestamp('2015-11-13 10:20:19', 'UTC') / 1000000",
    ],
    [
      "unix_timestamp('1969-11-13 10:20:19')",
      "nullif(tl_unix_timestamp('1969-11-13 10:20:19', 'UTC') / 1000000, 0)",
    ],
    ['from_unixtime(1447430881)', "tl_from_unixtime(1447430881000000, 'UTC', 'datetime0')"],
    ['from_unixtime(-1)', "tl_from_unixtime(-1000000, 'UTC', 'datetime0')"],
    [
      "addtime('2007-12-31 23:59:59.999999', '1 1:1:1.000002')",
      "tl_addtime('2007-12-31 23:59:59.999999', 90061000002, 'datetime6')",
    ],
  ]);
});
