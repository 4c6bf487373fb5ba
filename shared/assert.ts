// What a programmer did wrong: a failed assertion ends the process, and recovery starts clean.

/** Thrown by a failed assertion. Never caught: the process ends and recovers at its next start. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Asserts what must hold whatever a client or the network sends. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value, which the caller knows to be there. */
export function must<T>(value: T | null | undefined, message = 'a value must be here'): T {
  assert(value !== null && value !== undefined, message);
  return value;
}

/** The end of a `switch` over a union: a kind without a case is a type error, and an assertion. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
