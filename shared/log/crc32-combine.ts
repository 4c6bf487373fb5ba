// The CRC-32 of two runs of bytes one after the other, from the CRC-32 of each.
//
// A CRC is a remainder of polynomials over two elements, modulo P. To put `length` bytes behind a
// run multiplies its remainder by x^(8·length); the rest is an exclusive or.

/** P, the polynomial of zlib's CRC-32, lowest power in the highest bit. */
const POLYNOMIAL = 0xedb88320;
/** The polynomial 1. */
const ONE = 0x80000000;
/** x^8: one byte further. */
const ONE_BYTE = 0x00800000;

/** `second` is the CRC of the `length` bytes behind those of `first`. */
export function combineCrc32(first: number, second: number, length: number): number {
  let factor = ONE;
  let power = ONE_BYTE;
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) factor = multiply(factor, power);
    power = multiply(power, power);
  }
  return (multiply(factor, first) ^ second) >>> 0;
}

/** The product modulo P. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
