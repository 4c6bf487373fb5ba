// Functions and operators over literals: what we compile them to, and what MariaDB answers.

import test from 'ava';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameRows, type KnownDifference } from '#test/support/same-rows.ts';

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const columns = everyType.columns.map(([name]) => name);
const oracleTest = oracleTests(test);

const known: readonly KnownDifference[] = [];

const functions = `
  CONCAT('a', NULL)
  CONCAT(1, 2.50, 'x', 1e10)
  CONCAT(TRUE)
  CONCAT_WS(',', 'a', NULL, 'b')
  CONCAT_WS(NULL, 'a')
  LENGTH('é')
  CHAR_LENGTH('é')
  BIT_LENGTH('abc')
  UPPER('éa')
  LOWER('ÉA')
  SUBSTRING('Hello', 0)
  SUBSTRING('Hello', 2)
  SUBSTRING('Hello', -3, 2)
  SUBSTRING('Hello' FROM 2 FOR 3)
  SUBSTR('Hello', 2, 100)
  MID('Hello', 2, 2)
  LEFT('Hello', 2)
  RIGHT('Hello', 2)
  LEFT('Hello', -1)
  LPAD('a', 5, 'xy')
  RPAD('abc', 2, 'x')
  RPAD('abc', 6, 'x')
  LOCATE('l', 'Hello')
  LOCATE('L', 'Hello', 4)
  LOCATE('', 'Hello')
  INSTR('Hello', 'LO')
  POSITION('l' IN 'Hello')
  SUBSTRING_INDEX('a.b.c', '.', 2)
  SUBSTRING_INDEX('a.b.c', '.', -1)
  REVERSE('abc')
  REPEAT('ab', 3)
  SPACE(3)
  INSERT('Quadratic', 3, 4, 'What')
  REPLACE('www.mysql.com', 'w', 'Ww')
  TRIM('  a  ')
  TRIM(LEADING 'x' FROM 'xxabc')
  TRIM(TRAILING 'xyz' FROM 'abcxyz')
  TRIM(BOTH 'x' FROM 'xxabxx')
  LTRIM('  a')
  RTRIM('a  ')
  ELT(1, 'a', 'b')
  ELT(3, 'a', 'b')
  FIELD('b', 'a', 'b')
  FIELD(2, 1, 2, 3)
  FIELD('B', 'a', 'b')
  FIELD(NULL, 'a')
  FIND_IN_SET('b', 'a,b,c')
  STRCMP('a', 'B')
  STRCMP('a', 'A')
  SOUNDEX('Hello')
  'Hello' SOUNDS LIKE 'Hallo'
  QUOTE("Don't")
  QUOTE(NULL)
  ASCII('a')
  ORD('é')
  CHAR(77, 121)
  CHAR(77, 121 USING utf8mb4)
  HEX('abc')
  HEX(255)
  HEX(-1)
  UNHEX('4D79')
  MD5('a')
  SHA1('a')
  SHA2('a', 256)
  SHA2('a', 224)
  SHA2('a', 1)
  TO_BASE64('abc')
  FROM_BASE64('YWJj')
  MAKE_SET(5, 'a', 'b', 'c')
  EXPORT_SET(5, 'Y', 'N', ',', 4)
  FORMAT(12332.123456, 4)
  FORMAT(12332.2, 0)
  FORMAT(-1234567.891, 2)
  FORMAT(1e5, 2)
  CRC32('MySQL')
  INET_ATON('10.0.5.9')
  INET_NTOA(167773449)
  INET6_NTOA(INET6_ATON('::1'))
  IS_IPV4('10.0.5.9')
  IS_IPV6('::1')
  CONV('a', 16, 2)
  CONV('6E', 18, 8)
  CONV(-17, 10, -18)
  BIN(12)
  OCT(12)
  BIT_COUNT(29)
  'abc' LIKE 'A%'
  'abc' LIKE BINARY 'A%'
  'a_c' LIKE 'a\\\\_c'
  'abc' LIKE 'a|_c' ESCAPE '|'
  'abc' NOT LIKE 'b%'
  'a%c' LIKE 'a\\\\%c'
  NULL LIKE 'a'
  'abc' REGEXP 'B'
  'abc' REGEXP '^a.c$'
  'abc' NOT REGEXP 'z'
  'abc' RLIKE 'a|z'
  REGEXP_REPLACE('abcabc', 'b', 'X')
  REGEXP_SUBSTR('abc def', '[a-z]+')
  REGEXP_INSTR('dog cat', 'cat')
  ABS(-5)
  ABS(-5.5)
  ABS('-5.5')
  ABS(-9223372036854775807)
  CEIL(1.23)
  CEIL(-1.23)
  CEILING(5)
  FLOOR(-1.23)
  FLOOR(12345678901234567890.5)
  ROUND(-1.23)
  ROUND(-1.58)
  ROUND(1.58)
  ROUND(1.298, 1)
  ROUND(1.298, 0)
  ROUND(23.298, -1)
  ROUND(0.5)
  ROUND(2.5)
  ROUND(-2.5)
  ROUND(2.5e0)
  ROUND(3.5e0)
  ROUND(150, -2)
  ROUND(149, -2)
  ROUND('1.5')
  ROUND(NULL)
  TRUNCATE(1.223, 1)
  TRUNCATE(-1.999, 1)
  TRUNCATE(122, -2)
  TRUNCATE(10.28*100, 0)
  MOD(234, 10)
  MOD(-29, 9)
  MOD(34.5, 3)
  MOD(5, 0)
  5 DIV 2
  -5 DIV 2
  5.5 DIV 2
  5 DIV 0
  5 % 3
  -5.5 % 2
  POW(2, 10)
  POWER(2, -2)
  POW(0, 0)
  EXP(2)
  LN(2)
  LN(0)
  LOG(2)
  LOG(10, 100)
  LOG(1, 100)
  LOG2(65536)
  LOG10(100)
  SQRT(4)
  SQRT(-16)
  PI()
  SIN(PI())
  COS(PI())
  TAN(1)
  COT(12)
  ASIN(0.2)
  ASIN('x')
  ACOS(2)
  ATAN(2)
  ATAN(-2, 2)
  ATAN2(-2, 2)
  DEGREES(PI())
  RADIANS(90)
  SIGN(-32)
  SIGN(0)
  SIGN(2.5)
  GREATEST(2, 0)
  GREATEST(34.0, 3.0, 5.0, 767.0)
  GREATEST('B', 'A', 'C')
  GREATEST(1, 2.5, '3')
  GREATEST(1, NULL)
  LEAST(2, 0)
  LEAST('B', 'a')
  INTERVAL(23, 1, 15, 17, 30, 44, 200)
  INTERVAL(22, 23, 30, 44, 200)
  INTERVAL(NULL, 1)
  IF(1 > 2, 2, 3)
  IF(NULL, 'a', 'b')
  IF(1, 1, 2.5)
  IF(1, 'a', 1)
  IFNULL(1, 0)
  IFNULL(NULL, 10)
  IFNULL(1/0, 'yes')
  NULLIF(1, 1)
  NULLIF(1, 2)
  NULLIF('a', 'A')
  COALESCE(NULL, 1)
  COALESCE(NULL, NULL)
  COALESCE(NULL, 1, 2.50)
  ISNULL(1/0)
  CASE 1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'more' END
  CASE WHEN 1 > 0 THEN 'true' ELSE 'false' END
  CASE BINARY 'B' WHEN 'a' THEN 1 WHEN 'b' THEN 2 END
  CASE WHEN NULL THEN 1 END
  CASE WHEN 1 THEN 1 ELSE 2.55 END
  1 + '1'
  '1.5' + 1
  'abc' + 1
  1 - 2
  1/3
  2/3
  1.0/3
  5/2
  1/0
  0.1 + 0.2
  0.1 + 0.2 = 0.3
  1.1 * 1.1
  1e0 + 1
  1.5e3 * 2
  100 * 1.005
  18446744073709551615
  18446744073709551615 + 0
  9223372036854775807
  -9223372036854775808
  9223372036854775807 + 1
  9223372036854775807 * 2
  1.23456789012345678901234567890
  99999999999999999999 + 1
  0.00000000000000000001 * 10
  1/7
  22/7
  10000000000/3
  1.000/3.00
  -7 / 2
  7 DIV 2.5
  TRUE + TRUE
  NOT 1
  NOT 0
  NOT NULL
  !1
  1 AND 1
  1 AND 0
  1 AND NULL
  0 AND NULL
  1 OR NULL
  0 OR NULL
  NULL OR NULL
  1 XOR 1
  1 XOR 0
  1 XOR NULL
  1 && 1
  1 = 1
  1 = 1.0
  'a' = 'a '
  'a' = 'A'
  'a' < 'b'
  '.01' = 0.01
  '1abc' = 1
  '' = 0
  NULL = NULL
  NULL <=> NULL
  1 <=> NULL
  1 <> 2
  1 != 1
  (1, 2) = (1, 2)
  (1, 2) < (1, 3)
  (1, 2) > (1, NULL)
  (1, NULL) = (2, 1)
  (1, 2) <=> (1, NULL)
  (1, 2) <> (1, 2)
  1 IN (1, 2)
  3 IN (1, 2)
  3 IN (1, NULL)
  NULL IN (1)
  'a' IN ('A', 'b')
  1 NOT IN (2, 3)
  1 NOT IN (2, NULL)
  (1, 2) IN ((1, 2), (3, 4))
  (1, 2) NOT IN ((1, 3))
  2 BETWEEN 1 AND 3
  'b' BETWEEN 'a' AND 'c'
  2 NOT BETWEEN 2 AND 3
  NULL BETWEEN 1 AND 2
  2 BETWEEN '1' AND 3
  1 IS TRUE
  0 IS FALSE
  NULL IS UNKNOWN
  NULL IS NOT TRUE
  5 IS NOT NULL
  ~0
  ~1 & 15
  (5 | 8) & ~4
  ~(~5)
  (-1 ^ 3) & 255
  (-1 << 8) & 65535
  1 << 3 | 1
  ~0 >> 60
  5 & 3
  5 | 3
  5 ^ 3
  1 << 3
  16 >> 2
  1 << 62
  -1 >> 1
  -1 & 255
  '5' & 3
  2.7 & 3
  0x41
  0x41 + 0
  x'41'
  b'1000001'
  b'1000001' + 0
  0x41 = 65
  CAST('1abc' AS SIGNED)
  CAST('-5.9' AS SIGNED)
  CAST(1.9 AS SIGNED)
  CAST(-1.5 AS SIGNED)
  CAST(2.5e0 AS SIGNED)
  CAST('abc' AS SIGNED)
  CAST('123.456' AS DECIMAL(5,2))
  CAST(999.999 AS DECIMAL(5,2))
  CAST(1234567 AS DECIMAL(5,2))
  CAST('1e3' AS DECIMAL(10,2))
  CAST('1e3' AS DOUBLE)
  CAST('x' AS DOUBLE)
  CAST(5 AS CHAR)
  CAST(5.50 AS CHAR)
  CAST('abc' AS CHAR(2))
  CAST('abc' AS BINARY(5))
  CAST(1 AS UNSIGNED)
  CAST('2024-01-31' AS DATE)
  CAST('2024-1-5' AS DATE)
  CAST('20240105' AS DATE)
  CAST('abc' AS DATE)
  CAST('2024-02-30' AS DATE)
  CAST('2024-01-31 10:11:12.5' AS DATETIME)
  CAST('2024-01-31 10:11:12.567' AS DATETIME(2))
  CAST('10:11:12.5' AS TIME)
  CAST('10:11:12.567' AS TIME(1))
  CAST(101112 AS TIME)
  CAST(20240131 AS DATE)
  CAST(DATE'2024-01-31' AS DATETIME)
  CAST(TIMESTAMP'2024-01-31 10:11:12' AS DATE)
  CAST(TIMESTAMP'2024-01-31 10:11:12' AS TIME)
  CAST(TIMESTAMP'2024-01-31 10:11:12' AS SIGNED)
  CAST(TIMESTAMP'2024-01-31 10:11:12' AS DECIMAL(20,2))
  CONVERT('abc' USING utf8mb4)
  CONVERT('abc', CHAR(2))
  CONVERT(5, SIGNED)
  'a' COLLATE utf8mb4_bin = 'A'
  'a' COLLATE utf8mb4_general_ci = 'A'
  BINARY 'a' = 'A'
  _utf8mb4'abc'
  N'abc'
  'a' 'b'
`;

oracleTest('functions over literals answer as MariaDB', async (t, oracle) => {
  const world = new ExpressionWorld([everyType]);
  t.teardown(() => world.close());
  for (const definition of world.definitions()) await oracle.query(definition);
  await sameRows(t, oracle, world, { questions: lines(functions), columns, known: known });
});
