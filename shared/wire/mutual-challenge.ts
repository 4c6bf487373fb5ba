// The first words of every node-to-node connection: both ends prove that they hold one key.
//
//   listener → dialler   greeting  {magic, version, nonce}
//   dialler → listener   answer    {version, kind, claims, nonce, proof of the dialler}
//   listener → dialler   welcome   {proof of the listener}  or  refusal {reason}
//
// A proof is HMAC-SHA256(key, role ‖ version ‖ both nonces ‖ claims). The dialler proves first, so
// a listener gives nothing away. The key itself never crosses the wire, nor does a ticket's.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#shared/clock.ts';
import { decode, encode } from '#shared/codec.ts';
import { admitTicket, type TicketClaims } from '#shared/cluster/ticket.ts';
import { DatabaseError } from '#shared/error.ts';
import type { ConnectionIdentity, Credentials } from './credentials.ts';
import { WIRE_VERSION } from './message.ts';
import type { Transport } from './transport.ts';

/** A peer that has not proved itself within this many milliseconds is let go. */
export const handshakeTimeoutMs = 5000;

const magic = 'TWINLEAF';
const nonceBytes = 32;
const proofBytes = 32;

/** Why the other end was refused, or refused us. The connection is closed. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

type Fields = Readonly<Record<string, unknown>>;

async function receive(transport: Transport): Promise<Fields> {
  const frame = await transport.next();
  if (frame === null) throw new HandshakeError(transport.closeReason ?? 'connection closed');
  let value: unknown;
  try {
    value = decode(frame);
  } catch {
    throw new HandshakeError('the other end does not speak our protocol');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HandshakeError('the other end does not speak our protocol');
  }
  return value as Fields;
}

function bytesOf(value: unknown, lengthMax: number, length?: number): Uint8Array {
  const fits = value instanceof Uint8Array && value.length <= lengthMax;
  if (fits && (length === undefined || value.length === length)) return value;
  throw new HandshakeError('the other end does not speak our protocol');
}

interface Transcript {
  readonly listenerNonce: Uint8Array;
  readonly diallerNonce: Uint8Array;
  readonly claims: Uint8Array;
}

function prove(key: Uint8Array, role: 'dialler' | 'listener', said: Transcript): Uint8Array {
  const mac = createHmac('sha256', key);
  mac.update(`twinleaf ${role} ${WIRE_VERSION}\n`);
  mac.update(said.listenerNonce).update(said.diallerNonce).update(said.claims);
  return new Uint8Array(mac.digest());
}

function checkVersion(version: unknown): void {
  if (version === WIRE_VERSION) return;
  const theirs = typeof version === 'number' ? String(version) : 'unknown';
  throw new HandshakeError(`protocol version ${theirs} at the other end, ${WIRE_VERSION} here`);
}

/** Runs one end's part; closes the transport when it fails or takes too long. */
async function within<T>(transport: Transport, clock: Clock, part: () => Promise<T>): Promise<T> {
  const late = `no proof within ${handshakeTimeoutMs} ms`;
  const timer = clock.after(handshakeTimeoutMs, () => transport.close(late));
  try {
    return await part();
  } catch (error) {
    transport.close(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    timer.cancel();
  }
}

/** The dialling end's part. Throws HandshakeError. */
export function proveToListener(
  transport: Transport,
  credentials: Credentials,
  clock: Clock,
): Promise<void> {
  return within(transport, clock, async () => {
    const greeting = await receive(transport);
    if (greeting['magic'] !== magic) {
      throw new HandshakeError('the other end does not speak our protocol');
    }
    checkVersion(greeting['version']);
    const isTicket = credentials.kind === 'ticket';
    const said: Transcript = {
      listenerNonce: bytesOf(greeting['nonce'], nonceBytes, nonceBytes),
      diallerNonce: clock.randomBytes(nonceBytes),
      claims: isTicket ? credentials.ticket.claims : new Uint8Array(0),
    };
    const key = isTicket ? credentials.ticket.key : credentials.secret;
    transport.send(
      encode({
        version: WIRE_VERSION,
        kind: credentials.kind,
        claims: said.claims,
        nonce: said.diallerNonce,
        proof: prove(key, 'dialler', said),
      }),
    );
    const welcome = await receive(transport);
    const reason = welcome['refused'];
    if (typeof reason === 'string') throw new HandshakeError(reason.slice(0, 300));
    const proof = bytesOf(welcome['proof'], proofBytes, proofBytes);
    if (!timingSafeEqual(proof, prove(key, 'listener', said))) {
      throw new HandshakeError('the other end could not prove that it holds the key');
    }
  });
}

export interface Verifier {
  readonly clusterId: string;
  readonly clusterSecret: Uint8Array;
  readonly clock: Clock;
}

/** The listening end's part: who is it? Throws HandshakeError. */
export function challengeDialler(
  transport: Transport,
  verifier: Verifier,
): Promise<ConnectionIdentity> {
  return within(transport, verifier.clock, async () => {
    const listenerNonce = verifier.clock.randomBytes(nonceBytes);
    transport.send(encode({ magic, version: WIRE_VERSION, nonce: listenerNonce }));
    try {
      return await judge(transport, verifier, listenerNonce);
    } catch (error) {
      const reason = error instanceof HandshakeError ? error.message : 'malformed answer';
      transport.send(encode({ refused: reason }));
      throw error;
    }
  });
}

async function judge(
  transport: Transport,
  verifier: Verifier,
  listenerNonce: Uint8Array,
): Promise<ConnectionIdentity> {
  const answer = await receive(transport);
  checkVersion(answer['version']);
  const claims = bytesOf(answer['claims'], 2048);
  const said: Transcript = {
    listenerNonce,
    diallerNonce: bytesOf(answer['nonce'], nonceBytes, nonceBytes),
    claims,
  };
  const candidate = candidateOf(answer['kind'], claims, verifier);
  const proof = bytesOf(answer['proof'], proofBytes, proofBytes);
  if (!timingSafeEqual(proof, prove(candidate.key, 'dialler', said))) {
    throw new HandshakeError(candidate.refusal);
  }
  transport.send(encode({ proof: prove(candidate.key, 'listener', said) }));
  return candidate.identity;
}

interface Candidate {
  /** Who it is, once it has proved the key. */
  readonly identity: ConnectionIdentity;
  readonly key: Uint8Array;
  /** What it is told when the proof is wrong. */
  readonly refusal: string;
}

function candidateOf(kind: unknown, claims: Uint8Array, verifier: Verifier): Candidate {
  if (kind === 'cluster') {
    const refusal = 'wrong cluster secret';
    return { identity: { kind: 'node' }, key: verifier.clusterSecret, refusal };
  }
  if (kind !== 'ticket') throw new HandshakeError('unknown credentials');
  const admitted = admit(claims, verifier);
  if (admitted.claims.clusterId !== verifier.clusterId) {
    throw new HandshakeError('the ticket is of another cluster');
  }
  const identity = { kind, claims: admitted.claims } as const;
  return { identity, key: admitted.key, refusal: 'the ticket is not of this cluster' };
}

function admit(
  claims: Uint8Array,
  verifier: Verifier,
): { readonly claims: TicketClaims; readonly key: Uint8Array } {
  try {
    return admitTicket(verifier.clusterSecret, claims, verifier.clock.now());
  } catch (error) {
    if (error instanceof DatabaseError) throw new HandshakeError(error.message);
    throw error;
  }
}
