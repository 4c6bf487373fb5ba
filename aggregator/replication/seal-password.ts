// A password that must be used again, kept so that only the cluster that keeps it can read it.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';

const nonceBytes = 12;
const tagBytes = 16;

function sealingKey(clusterSecret: Uint8Array): Uint8Array {
  const salt = new Uint8Array(0);
  return new Uint8Array(hkdfSync('sha256', clusterSecret, salt, 'twinleaf link password', 32));
}

/** AES-256-GCM: nonce, tag, text. It opens again only for the same `database`. */
export function sealPassword(options: {
  readonly clusterSecret: Uint8Array;
  readonly database: string;
  readonly password: string;
  readonly clock: Clock;
}): Uint8Array {
  const nonce = options.clock.randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(options.clusterSecret), nonce);
  cipher.setAAD(Buffer.from(options.database));
  const text = Buffer.concat([cipher.update(options.password, 'utf8'), cipher.final()]);
  return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), text]));
}

/** Throws internal when it was sealed by another cluster, for another database, or is damaged. */
export function openPassword(
  clusterSecret: Uint8Array,
  database: string,
  sealed: Uint8Array,
): string {
  try {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv('aes-256-gcm', sealingKey(clusterSecret), nonce);
    decipher.setAAD(Buffer.from(database));
    decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = sealed.subarray(nonceBytes + tagBytes);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch (error) {
    const reason = `the password kept for the link of '${database}' cannot be read`;
    throw databaseError('internal', { reason }, error);
  }
}
