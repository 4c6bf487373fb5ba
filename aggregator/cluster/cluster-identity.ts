// Who a cluster is: an id that others may know, and a secret that only its nodes may.

import { join } from 'node:path';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { readPrivateFile, writePrivateFile } from '#shared/private-file.ts';

export interface ClusterIdentity {
  /** 16 hexadecimal digits, drawn at the first start. */
  readonly clusterId: string;
  /** 32 bytes. Every node proves that it holds them; they never cross the wire. */
  readonly secret: Uint8Array;
}

const fileName = 'cluster.json';

/** The identity kept in the data directory; made there, for its owner alone, at the first start. */
export function openClusterIdentity(dataDir: string, clock: Clock): ClusterIdentity {
  const known = readClusterIdentity(dataDir);
  if (known !== null) return known;
  const identity: ClusterIdentity = {
    clusterId: Buffer.from(clock.randomBytes(8)).toString('hex'),
    secret: clock.randomBytes(32),
  };
  const secret = Buffer.from(identity.secret).toString('hex');
  const text = JSON.stringify({ clusterId: identity.clusterId, secret });
  writePrivateFile(join(dataDir, fileName), `${text}\n`);
  return identity;
}

/** The identity, or null when no cluster was started on this directory yet. */
export function readClusterIdentity(dataDir: string): ClusterIdentity | null {
  const text = readPrivateFile(join(dataDir, fileName));
  if (text === null) return null;
  try {
    const { clusterId, secret } = JSON.parse(text) as Record<string, unknown>;
    if (typeof clusterId === 'string' && typeof secret === 'string' && secret.length === 64) {
      return { clusterId, secret: new Uint8Array(Buffer.from(secret, 'hex')) };
    }
  } catch {
    // Said below, as for any other content that is none.
  }
  throw databaseError('internal', { reason: `${join(dataDir, fileName)} is damaged` });
}
