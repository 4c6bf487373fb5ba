// Decimals of more than 18 digits as TEXT that sorts as the numbers do.
//
//   positive, zero   '1' <digits before the point, two figures> <those digits> <fraction>
//   negative         '0' and the same, every figure 9 minus itself, and '~' at the end
//
// The fraction has no zeros at its end, and the digits before the point none at their start, so
// the text does not depend on the scale: equal numbers have equal texts, whatever their types.

import { assert } from '#shared/assert.ts';

/** The sortable text of unscaled / 10^scale. */
export function encodeWideDecimal(value: { unscaled: bigint; scale: number }): string {
  const negative = value.unscaled < 0n;
  const digits = (negative ? -value.unscaled : value.unscaled)
    .toString()
    .padStart(value.scale, '0');
  const point = digits.length - value.scale;
  const whole = digits.slice(0, point).replace(/^0+/, '');
  const fraction = digits.slice(point).replace(/0+$/, '');
  const text = `${String(whole.length).padStart(2, '0')}${whole}${fraction}`;
  return negative ? `0${complement(text)}~` : `1${text}`;
}

/** The number of such a text, with the fewest digits after the point. */
export function decodeWideDecimal(text: string): { unscaled: bigint; scale: number } {
  const negative = text.startsWith('0');
  const plain = negative ? complement(text.slice(1, -1)) : text.slice(1);
  assert(/^\d{2,}$/.test(plain), 'a wide decimal is in its sortable form');
  const wholeLength = Number(plain.slice(0, 2));
  const digits = plain.slice(2);
  const unscaled = BigInt(digits === '' ? '0' : digits);
  return { unscaled: negative ? -unscaled : unscaled, scale: digits.length - wholeLength };
}

function complement(digits: string): string {
  return digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
}
