// The shapes of plain data that came from the network, and where a value departs from one.

/** Answers null when the value fits, else the path of what does not: `.key.ordinal`. */
export type Shape = (value: unknown) => string | null;

function leaf(fits: (value: unknown) => boolean): Shape {
  return (value) => (fits(value) ? null : '');
}

export const text: Shape = leaf((value) => typeof value === 'string');
export const bytes: Shape = leaf((value) => value instanceof Uint8Array);
export const big: Shape = leaf((value) => typeof value === 'bigint');
export const flag: Shape = leaf((value) => typeof value === 'boolean');
export const whole: Shape = leaf((value) => Number.isSafeInteger(value));
export const natural: Shape = leaf((value) => Number.isSafeInteger(value) && Number(value) >= 0);
/** Any object; its fields are for its reader to check. */
export const anyObject: Shape = leaf(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
/** A value of a row: null, number, bigint, text or bytes. */
export const stored: Shape = leaf(
  (value) =>
    value === null ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'string' ||
    value instanceof Uint8Array,
);

/** One of the given words. */
export function oneOf(...words: readonly string[]): Shape {
  return leaf((value) => typeof value === 'string' && words.includes(value));
}

export function nullOr(shape: Shape): Shape {
  return (value) => (value === null ? null : shape(value));
}

export function listOf(shape: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return '';
    for (const [index, item] of value.entries()) {
      const wrong = shape(item);
      if (wrong !== null) return `[${index}]${wrong}`;
    }
    return null;
  };
}

/** An object that has these fields; more are let through, for a newer node's sake. */
export function objectOf(fields: Readonly<Record<string, Shape>>): Shape {
  return (value) => {
    if (anyObject(value) !== null) return '';
    for (const [name, shape] of Object.entries(fields)) {
      const wrong = shape((value as Record<string, unknown>)[name]);
      if (wrong !== null) return `.${name}${wrong}`;
    }
    return null;
  };
}

/** Objects told apart by their `kind`. */
export function unionOf(kinds: Readonly<Record<string, Shape>>): Shape {
  return (value) => {
    if (anyObject(value) !== null) return '';
    const { kind } = value as Record<string, unknown>;
    const shape = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    return shape === undefined ? '.kind' : shape(value);
  };
}
