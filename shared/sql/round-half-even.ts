// Rounding a double as the C library's rint does, and so MySQL.

/** The nearest whole number; of two the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
