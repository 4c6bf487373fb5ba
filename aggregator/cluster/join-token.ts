// The token with which a node joins: the cluster's id and secret as one word that can be pasted.

import { createHash } from 'node:crypto';
import type { ClusterIdentity } from './cluster-identity.ts';

const prefix = 'twinleaf1_';
const idBytes = 8;
const secretBytes = 32;
const checkBytes = 4;

/** The token. Whoever holds it can join: it is to be kept like a password. */
export function makeJoinToken(identity: ClusterIdentity): string {
  const body = Buffer.concat([Buffer.from(identity.clusterId, 'hex'), identity.secret]);
  return prefix + Buffer.concat([body, checksum(body)]).toString('base64url');
}

/** The identity in a token, or null when it is not one or was not copied whole. */
export function readJoinToken(token: string): ClusterIdentity | null {
  if (!token.startsWith(prefix)) return null;
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url');
  if (bytes.length !== idBytes + secretBytes + checkBytes) return null;
  const body = bytes.subarray(0, idBytes + secretBytes);
  if (!checksum(body).equals(bytes.subarray(idBytes + secretBytes))) return null;
  return {
    clusterId: body.subarray(0, idBytes).toString('hex'),
    secret: new Uint8Array(body.subarray(idBytes)),
  };
}

function checksum(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, checkBytes);
}
