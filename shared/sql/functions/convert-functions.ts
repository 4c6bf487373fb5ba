// SQLite functions that bring a value from one type to another.
//
// A `type` argument is a typeText (type-text.ts), a `zone` the name of a time zone.

import { castValue, integerPrefix, nearestInteger } from '#shared/sql/cast-value.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { sourceText, type PresentValue } from '#shared/sql/source-value.ts';
import { storeValue } from '#shared/sql/store-value.ts';
import type { TypeTextReader } from '#shared/sql/type-text.ts';
import { strict, type SqlFunction } from './sql-function.ts';
import type { ZoneReader } from './zone-reader.ts';

type Present = Exclude<StoredValue, null>;

export function convertFunctions(types: TypeTextReader, zones: ZoneReader): readonly SqlFunction[] {
  const source = (value: Present, type: string): PresentValue => ({
    type: types.read(type),
    value,
  });
  return [
    /** tl_text(value, type): as MySQL prints it; bytes stay bytes. */
    strict('tl_text', (value: Present, type: string) =>
      value instanceof Uint8Array && types.read(type).kind === 'binary'
        ? value
        : sourceText(source(value, type)),
    ),
    /** tl_cast(value, fromType, toType, zone): CAST and implicit conversion. */
    strict('tl_cast', (value: Present, from: string, to: string, zone: string) =>
      castValue(source(value, from), types.read(to), zones.read(zone)),
    ),
    /** tl_number_bits(number, type): the bits of the nearest of -2^63 to 2^64-1. */
    strict('tl_number_bits', (value: Present, type: string) =>
      BigInt.asIntN(64, nearestInteger(source(value, type))),
    ),
    /** tl_int(text): CAST(text AS SIGNED). */
    strict('tl_int', (text: Present) =>
      BigInt.asIntN(64, integerPrefix(text instanceof Uint8Array ? '' : String(text))),
    ),
    /** tl_store(value, fromType, toType, column, strict, zone): assignment; strict is 1 or 0. */
    strict(
      'tl_store',
      (
        value: Present,
        from: string,
        to: string,
        ...[column, isStrict, zone]: [string, bigint, string]
      ) =>
        storeValue({ name: column, type: types.read(to), nullable: true }, source(value, from), {
          row: 1,
          strict: isStrict !== 0n,
          timeZone: zones.read(zone),
          warn: () => undefined,
        }),
    ),
  ];
}
