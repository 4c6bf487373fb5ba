// Is the token a proof of the account's password? The password itself never crosses the wire.
//
//   mysql_native_password  token = SHA1(pw) xor SHA1(nonce + SHA1(SHA1(pw)))
//   caching_sha2_password  token = SHA256(pw) xor SHA256(SHA256(SHA256(pw)) + nonce)
//
// From a right token comes SHA(pw), whose hash must be the verifier that the account keeps.

import { hash as digest, timingSafeEqual } from 'node:crypto';
import type { PasswordVerifiers } from '#aggregator/metadata/account.ts';
import type { PluginName } from './handshake.ts';

const ZERO = Buffer.alloc(1);

interface PluginHash {
  readonly algorithm: 'sha1' | 'sha256';
  readonly bytes: number;
  readonly nonceFirst: boolean;
}

const hashes: Record<PluginName, PluginHash> = {
  mysql_native_password: { algorithm: 'sha1', bytes: 20, nonceFirst: true },
  caching_sha2_password: { algorithm: 'sha256', bytes: 32, nonceFirst: false },
};

/** The plugin of that name, or null when it is none of ours. */
export function pluginNamed(name: string): PluginName | null {
  if (name === 'caching_sha2_password' || name === 'mysql_native_password') return name;
  // A client without plugins knows the native one alone.
  return name === '' ? 'mysql_native_password' : null;
}

/** True where the account can prove itself by the plugin. */
function fits(verifiers: PasswordVerifiers, plugin: PluginName): boolean {
  const { sha1, sha256, crypt } = verifiers;
  return plugin === 'mysql_native_password' ? sha1 !== null : sha256 !== null || crypt !== null;
}

function verifierOf(verifiers: PasswordVerifiers, plugin: PluginName): Uint8Array | null {
  return plugin === 'mysql_native_password' ? verifiers.sha1 : verifiers.sha256;
}

/** The plugin to ask for, where the account (or an unknown user) cannot use the client's. */
export function usablePlugin(
  verifiers: PasswordVerifiers,
  preferred: PluginName | null,
): PluginName {
  if (isEmpty(verifiers)) return preferred ?? 'caching_sha2_password';
  if (preferred !== null && fits(verifiers, preferred)) return preferred;
  return fits(verifiers, 'caching_sha2_password')
    ? 'caching_sha2_password'
    : 'mysql_native_password';
}

/** True for an account without a password. */
export function isEmpty(verifiers: PasswordVerifiers): boolean {
  return verifiers.sha1 === null && verifiers.sha256 === null && verifiers.crypt === null;
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}

function proves(
  hash: PluginHash,
  proof: { readonly verifier: Uint8Array; readonly token: Uint8Array; readonly nonce: Uint8Array },
): boolean {
  const { verifier, token, nonce } = proof;
  const pieces = hash.nonceFirst ? [nonce, verifier] : [verifier, nonce];
  const mask = digest(hash.algorithm, Buffer.concat(pieces), 'buffer');
  const candidate = digest(hash.algorithm, xor(token, mask), 'buffer');
  return timingSafeEqual(candidate, verifier);
}

export interface Proof {
  readonly plugin: PluginName;
  readonly token: Buffer;
  readonly nonce: Buffer;
}

/**
 * True when the token proves the password behind the verifiers. Where there is no such account,
 * the caller gives the verifiers of nobody, so that both take the same way and time.
 */
export function isProven(verifiers: PasswordVerifiers, proof: Proof): boolean {
  const hash = hashes[proof.plugin];
  if (isEmpty(verifiers)) return isEmptyToken(proof.token);
  const verifier = verifierOf(verifiers, proof.plugin);
  if (verifier === null || proof.token.length !== hash.bytes) return false;
  const { token, nonce } = proof;
  if (proves(hash, { verifier, token, nonce })) return true;
  // PyMySQL, after an auth switch, hashes the nonce with the zero that ends it.
  return proves(hash, { verifier, token, nonce: Buffer.concat([nonce, ZERO]) });
}

/** An empty password is an empty token, or (caching_sha2_password) a single zero. */
function isEmptyToken(token: Buffer): boolean {
  return token.length === 0 || (token.length === 1 && token[0] === 0);
}
