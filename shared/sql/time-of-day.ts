// TIME: a signed number of microseconds, from -838:59:59 to 838:59:59, and its text.

export const MICROSECONDS_PER_SECOND = 1_000_000;
export const MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND;

/** The greatest TIME, 838:59:59.999999 without its fraction. */
export const TIME_MAX_MICROSECONDS = (838 * 3600 + 59 * 60 + 59) * MICROSECONDS_PER_SECOND;

/** '-12:30:00.500' for fsp 3. */
export function timeText(microseconds: number, fsp: number): string {
  const size = Math.abs(microseconds);
  const seconds = Math.floor(size / MICROSECONDS_PER_SECOND);
  const hours = String(Math.floor(seconds / 3600)).padStart(2, '0');
  const minutes = String(Math.floor(seconds / 60) % 60).padStart(2, '0');
  const rest = String(seconds % 60).padStart(2, '0');
  const sign = microseconds < 0 ? '-' : '';
  return `${sign}${hours}:${minutes}:${rest}${fractionText(size, fsp)}`;
}

/** '.123' for 0.123456 s and fsp 3; '' for fsp 0. */
export function fractionText(microseconds: number, fsp: number): string {
  if (fsp === 0) return '';
  const fraction = String(microseconds % MICROSECONDS_PER_SECOND).padStart(6, '0');
  return `.${fraction.slice(0, fsp)}`;
}
