// The nonces of logins, whose random bytes are asked of the system for many at once.

import type { Clock } from '#shared/clock.ts';
import { makeNonce, NONCE_BYTES } from './handshake.ts';

/** Nonces that are made of what the system is asked for at once. */
const AT_ONCE = 64;

export class Nonces {
  readonly #clock: Clock;
  #random: Uint8Array = new Uint8Array();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One that nobody was given before. */
  next(): Buffer {
    if (this.#random.length === 0) this.#random = this.#clock.randomBytes(AT_ONCE * NONCE_BYTES);
    const nonce = makeNonce(this.#random.subarray(0, NONCE_BYTES));
    this.#random = this.#random.subarray(NONCE_BYTES);
    return nonce;
  }
}
