// Floating point numbers as MySQL writes them: shortest digits, and exponents of its own.

/** A whole number writes an exponent from here up, any number below the other: 1e15, 1e-16. */
const EXPONENT_FROM = 15;
const EXPONENT_BELOW = -15;

/** The shortest text that reads back as the same double: '0.1', '1e20', '-0'. */
export function doubleText(value: number): string {
  return withMysqlExponent(value, value.toExponential());
}

/** A FLOAT: at most six significant digits. */
export function floatText(value: number): string {
  const [mantissa = '0', exponent = '+0'] = value.toExponential(5).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return withMysqlExponent(value, `${short}e${exponent}`);
}

/** The double with so many digits after the point, and never an exponent: '2.50'. */
export function fixedText(value: number, decimals: number): string {
  if (Math.abs(value) < 1e15) return value.toFixed(decimals);
  // Its own digits, and zeros where a double has none.
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const sign = value < 0 ? '-' : '';
  const whole = mantissa.replace(/[-.]/g, '').padEnd(Number(exponent) + 1, '0');
  return `${sign}${whole}${decimals === 0 ? '' : `.${'0'.repeat(decimals)}`}`;
}

function withMysqlExponent(value: number, exponential: string): string {
  const [mantissa = '0', exponentText = '0'] = exponential.split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace(/[-.]/g, '');
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const hasFraction = digits.length > exponent + 1;
  if (exponent < EXPONENT_BELOW || (exponent >= EXPONENT_FROM && !hasFraction)) {
    return `${mantissa}e${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
