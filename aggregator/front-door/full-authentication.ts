// caching_sha2_password where the token proves nothing: the password itself, over TLS or encrypted
// with our RSA key.
//
// That is so for accounts taken over from MySQL by their `$A$…` hash, until their first login.

import {
  constants,
  createHash,
  generateKeyPair,
  privateDecrypt,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { cryptDigest, parseCryptHash } from '#aggregator/metadata/sha256-crypt.ts';

const RSA_BITS = 2048;
/** Hashes whose passwords have been seen. */
const PROVEN_MAX = 1024;
/** MySQL's longest password, in bytes. */
const PASSWORD_BYTES_MAX = 256;
/** What is hashed when there is no such account, so that both take the same time. */
const nobodysSalt = Buffer.alloc(20, 'n');
const nobodysRounds = 5000;

/** The server's RSA key, made at its first use, and what later logins need no password for. */
export class FullAuthentication {
  #key: Promise<{ readonly pem: string; readonly secret: KeyObject }> | null = null;
  readonly #proven = new Map<string, Uint8Array>();

  /** Our public key as PEM. */
  async publicKey(): Promise<string> {
    return (await this.#keys()).pem;
  }

  /** The password in what a client encrypted with our public key; null where it holds none. */
  async decrypt(encrypted: Buffer, nonce: Buffer): Promise<Buffer | null> {
    const { secret } = await this.#keys();
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const masked = privateDecrypt({ key: secret, padding, oaepHash: 'sha1' }, encrypted);
      // The mask is the nonce with the zero that ends it, over and over.
      const mask = Buffer.concat([nonce, Buffer.alloc(1)]);
      return withoutZero(Buffer.from(masked.map((byte, at) => byte ^ mask.readUInt8(at % 21))));
    } catch {
      return null;
    }
  }

  /** SHA256(SHA256(password)) behind a `$A$…` hash, once its password has been seen; else null. */
  verifierOf(hash: string): Uint8Array | null {
    return this.#proven.get(hash) ?? null;
  }

  /** True when the password is the one behind the `$A$…` hash (null: nobody's). */
  proves(hash: string | null, password: Buffer): boolean {
    if (password.length > PASSWORD_BYTES_MAX) return false;
    const parsed = hash === null ? null : parseCryptHash(hash);
    const { salt, rounds } = parsed ?? { salt: nobodysSalt, rounds: nobodysRounds };
    const digest = cryptDigest(password, salt, rounds);
    if (hash === null || parsed === null || !timingSafeEqual(digest, parsed.digest)) return false;
    const once = createHash('sha256').update(password).digest();
    if (this.#proven.size >= PROVEN_MAX) this.#proven.clear();
    this.#proven.set(hash, new Uint8Array(createHash('sha256').update(once).digest()));
    return true;
  }

  #keys(): Promise<{ readonly pem: string; readonly secret: KeyObject }> {
    this.#key ??= makeKey();
    return this.#key;
  }
}

async function makeKey() {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
  });
  return { pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), secret: privateKey };
}

/** The bytes before the zero that ends a password; null without one. */
export function withoutZero(bytes: Buffer): Buffer | null {
  const end = bytes.indexOf(0);
  return end < 0 ? null : bytes.subarray(0, end);
}
