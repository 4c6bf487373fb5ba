// A column of every type with values at its edges, as any client must send and see them.

import type { Parameter } from './client-program.ts';

type Kind = 'integer' | 'decimal' | 'float' | 'text' | 'bytes' | 'bit' | 'temporal' | 'json';

export interface ColumnCase {
  readonly name: string;
  /** As CREATE TABLE has it. */
  readonly sql: string;
  readonly kind: Kind;
  /** Texts as MySQL prints them; bytes as they are. */
  readonly values: readonly (string | Buffer)[];
}

function column(
  sql: string,
  kind: Kind,
  ...values: readonly (string | Buffer)[]
): Omit<ColumnCase, 'name'> {
  return { sql, kind, values };
}

const grin = '\u{1f600}';
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const quotes = `'"\\\`%_;--?:/*\t\r\n`;

/** Numbered by their place: c1, c2 and so on. */
export const columnCases: readonly ColumnCase[] = [
  column('TINYINT', 'integer', '-128', '127', '0'),
  column('TINYINT UNSIGNED', 'integer', '0', '255', '128'),
  column('BOOLEAN', 'integer', '1', '0', '1'),
  column('SMALLINT', 'integer', '-32768', '32767', '-1'),
  column('SMALLINT UNSIGNED', 'integer', '65535', '0', '32768'),
  column('MEDIUMINT', 'integer', '-8388608', '8388607', '0'),
  column('MEDIUMINT UNSIGNED', 'integer', '16777215', '0', '8388608'),
  column('INT', 'integer', '-2147483648', '2147483647', '0'),
  column('INT UNSIGNED', 'integer', '4294967295', '0', '2147483648'),
  column('BIGINT', 'integer', '-9223372036854775808', '9223372036854775807', '9007199254740993'),
  column('BIGINT UNSIGNED', 'integer', '18446744073709551615', '0', '9223372036854775808'),
  column('DECIMAL(30,10)', 'decimal', '-99999999999999999999.9999999999', '0.0000000001', '0'),
  column('DECIMAL(65,30)', 'decimal', `${'9'.repeat(35)}.${'9'.repeat(30)}`, '-0.5', '1'),
  column('DECIMAL(5,0)', 'decimal', '-99999', '99999', '0'),
  column('FLOAT', 'float', '-3.40282e38', '1.17549e-38', '0.1'),
  column('DOUBLE', 'float', '-1.79769313486231e308', '2.22507385850721e-308', '0.1'),
  column('BIT(1)', 'bit', '0', '1', '0'),
  column('BIT(10)', 'bit', '1023', '513', '0'),
  column('BIT(64)', 'bit', '18446744073709551615', '1', '0'),
  column('CHAR(10)', 'text', '', `${grin}äß`, 'a  b'),
  column('VARCHAR(300)', 'text', grin.repeat(300), '', quotes),
  column('VARCHAR(20) COLLATE utf8mb4_bin', 'text', ' a ', 'null', '漢字'),
  column('TINYTEXT', 'text', 'x'.repeat(255), '', '\0\u0001\u001a'),
  column('TEXT', 'text', 'ä'.repeat(32_767), '', grin),
  column('MEDIUMTEXT', 'text', 'y'.repeat(70_000), quotes, ''),
  column('LONGTEXT', 'text', '', 'z', '\u{10ffff}\u{e000}'),
  column('BINARY(4)', 'bytes', Buffer.of(0, 255, 1, 0), Buffer.alloc(4), Buffer.from('abcd')),
  column('VARBINARY(300)', 'bytes', allBytes, Buffer.alloc(0), Buffer.of(0)),
  column('TINYBLOB', 'bytes', Buffer.alloc(255), Buffer.alloc(0), Buffer.from(quotes)),
  column('BLOB', 'bytes', Buffer.alloc(65_535, allBytes), Buffer.alloc(0), Buffer.of(255, 254)),
  column('MEDIUMBLOB', 'bytes', Buffer.alloc(70_000, 0xc3), Buffer.of(0x27, 0, 0x5c), allBytes),
  column('LONGBLOB', 'bytes', Buffer.from(grin), Buffer.of(0, 0), Buffer.alloc(0)),
  column("ENUM('small','MITTEL ä','')", 'text', 'small', 'MITTEL ä', ''),
  column("SET('a','b','ç')", 'text', 'a,b,ç', '', 'b'),
  column('JSON', 'json', '{"a": [1, null, "ü"]}', '[]', `"${grin}"`),
  column('DATE', 'temporal', '1000-01-01', '9999-12-31', '2024-02-29'),
  column(
    'DATETIME',
    'temporal',
    '1000-01-01 00:00:00',
    '9999-12-31 23:59:59',
    '2024-02-29 00:00:00',
  ),
  column(
    'DATETIME(6)',
    'temporal',
    '1000-01-01 00:00:00.000001',
    '9999-12-31 23:59:59.999999',
    '2024-02-29 12:00:00.100000',
  ),
  column(
    'TIMESTAMP NULL',
    'temporal',
    '1970-01-01 00:00:01',
    '2038-01-19 03:14:07',
    '2024-02-29 00:00:00',
  ),
  column(
    'TIMESTAMP(3) NULL',
    'temporal',
    '1970-01-01 00:00:01.001',
    '2038-01-19 03:14:07.999',
    '2024-02-29 12:00:00.500',
  ),
  column('TIME', 'temporal', '-838:59:59', '838:59:59', '00:00:00'),
  column('TIME(6)', 'temporal', '-838:59:58.999999', '25:00:00.000001', '-00:00:00.500000'),
  column('YEAR', 'integer', '1901', '2155', '2024'),
].map((each, index) => ({ ...each, name: `c${index + 1}` }));

export const createEveryType = `CREATE TABLE every_type (id INT PRIMARY KEY, ${columnCases
  .map(({ name, sql }) => `${name} ${sql}`)
  .join(', ')})`;

/** A value as a program would hand it to its library. */
export function parameterOf({ kind }: ColumnCase, value: string | Buffer | null): Parameter {
  if (value === null) return { as: 'null' };
  if (typeof value !== 'string') return { as: 'bytes', value };
  if (kind === 'integer') return { as: 'integer', value };
  if (kind === 'bit') return { as: 'bytes', value: bitBytes(value) };
  return { as: kind === 'float' ? 'double' : 'text', value };
}

/** As a string of bytes, which BIT takes from any client; a number is a text to some. */
function bitBytes(value: string): Buffer {
  const digits = BigInt(value).toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
}

/** The value in SQL, for clients that have no parameters. */
export function literalOf({ kind }: ColumnCase, value: string | Buffer | null): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return `x'${value.toString('hex')}'`;
  if (kind === 'integer' || kind === 'bit' || kind === 'decimal') return value;
  const escapes: Record<string, string> = { '\\': '\\\\', "'": "''", '\0': '\\0', '\u001a': '\\Z' };
  return `'${value.replaceAll(/[\\'\0\u001a]/g, (special) => escapes[special] ?? special)}'`;
}

/** One shape for the ways in which clients show one value of a column. */
function shape({ kind, sql }: ColumnCase, value: string | Buffer): unknown {
  const text = value.toString();
  switch (kind) {
    case 'integer':
      return /^-?\d+$/.test(text) ? String(BigInt(text)) : text;
    case 'bit':
      return bitNumber(Buffer.from(value as Buffer));
    case 'decimal':
      return decimalText(text);
    case 'float':
      return sql === 'FLOAT' ? Number(Number(text).toPrecision(6)) : Number(text);
    case 'temporal':
      return temporalText(text);
    case 'json':
      return JSON.parse(text) as unknown;
    case 'text':
      return text;
    case 'bytes':
      return Buffer.from(value as Buffer).toString('hex');
  }
}

function decimalText(text: string): string {
  const plain = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return plain.replace(/^-?0*(?=\d)/, text.startsWith('-') ? '-' : '');
}

/** Without zeros at the end of the fraction, and with two digits for the hours at least. */
function temporalText(text: string): string {
  const short = text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  return short.replace(/^(-?)(\d):/, '$10$2:').replace(/^-(00:00:00)$/, '$1');
}

/** Most clients hand over BIT as bytes, some as a number. */
function bitNumber(value: Buffer): string {
  const text = value.toString('latin1');
  if (/^\d+$/.test(text)) return text;
  return String(BigInt(`0x${value.toString('hex')}`));
}

/** What differs between a row as it was sent and as a client saw it, in words; none: equal. */
export function differences(
  index: number | null,
  row: readonly (Buffer | null)[],
): readonly string[] {
  return columnCases.flatMap((each, place) => {
    const expected = index === null ? null : (each.values[index] ?? null);
    const seen = row[place] ?? null;
    const want = expected === null ? null : shape(each, expected);
    let got: unknown;
    try {
      got = seen === null ? null : shape(each, seen);
    } catch (error) {
      got = String(error);
    }
    const [a, b] = [JSON.stringify(want), JSON.stringify(got)];
    if (a === b) return [];
    return [`${each.name} ${each.sql}: ${b.slice(0, 80)} instead of ${a.slice(0, 80)}`];
  });
}
