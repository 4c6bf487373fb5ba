// Every request that the network brings, checked before anything acts on it.

import { databaseError } from '#shared/error.ts';
import type { LeafCalls, LeafStreams, MasterCalls } from './message.ts';
import * as shape from './shape.ts';
import type { Shape } from './shape.ts';

const { big, bytes, flag, listOf, natural, nullOr, objectOf, oneOf, stored, text, whole } = shape;

const key = objectOf({ database: text, ordinal: whole });
const address = objectOf({ host: text, port: natural });
const position = objectOf({ term: natural, lsn: big, logHash: bytes });
const row = listOf(stored);
const compiled = objectOf({ sql: text, parameters: row });
const transaction = objectOf({ id: text, startedAt: big, joined: flag });
const ticket = objectOf({ claims: bytes, key: bytes });
const source = objectOf({ address, key, ticket: nullOr(ticket) });
const change = objectOf({
  version: natural,
  sqlite: listOf(text),
  put: listOf(shape.anyObject),
  drop: listOf(text),
});
const step = shape.unionOf({
  rows: objectOf({ sql: text, rows: listOf(row) }),
  statement: objectOf({ sql: text, parameters: row, returning: flag }),
});
const ofTransaction = { key, transactionId: text };

/** A shape for every field: a field that is new in message.ts and not here does not compile. */
type FieldsOf<R> = { readonly [F in keyof R]-?: Shape };
type Fields = Readonly<Record<string, Shape>>;

const leafCalls: { readonly [K in keyof LeafCalls]: FieldsOf<LeafCalls[K]['request']> } = {
  ping: {},
  createPartition: {
    key,
    role: oneOf('primary', 'secondary', 'replica'),
    durability: oneOf('sync', 'async'),
    origin: text,
  },
  dropPartition: { key },
  partitionStatus: { database: nullOr(text) },
  partitionSchema: { key },
  define: { key, change },
  write: {
    key,
    catalogVersion: natural,
    transaction: nullOr(transaction),
    steps: listOf(step),
    lockWaitTimeoutMs: natural,
    foreignKeyChecks: flag,
  },
  undoLastWrite: ofTransaction,
  savepoint: {
    key,
    transactionId: text,
    action: oneOf('set', 'release', 'rollback to'),
    name: text,
  },
  commit: ofTransaction,
  rollback: ofTransaction,
  prepare: { key, transactionId: text, participants: listOf(whole) },
  decide: { key, transactionId: text, verdict: oneOf('commit', 'abort') },
  verdict: ofTransaction,
  startLink: { key, source },
  probeLink: { source },
  pauseLink: { key },
  promote: { key },
  checksum: { key },
  acknowledge: { key, followerId: text, lsn: big },
};

const leafStreams: { readonly [K in keyof LeafStreams]: FieldsOf<LeafStreams[K]['request']> } = {
  read: {
    key,
    catalogVersion: natural,
    transaction: nullOr(transaction),
    statement: compiled,
    columns: listOf(shape.anyObject),
    forUpdate: flag,
    lockWaitTimeoutMs: natural,
  },
  subscribe: {
    key,
    followerId: text,
    address: text,
    position,
    resume: nullOr(objectOf({ snapshotId: text, offset: natural })),
    synchronous: flag,
  },
};

const masterCalls: { readonly [K in keyof MasterCalls]: FieldsOf<MasterCalls[K]['request']> } = {
  register: { kind: oneOf('leaf'), nodeId: natural, address, version: text },
  heartbeat: { nodeId: natural },
};

function check(shapes: Readonly<Record<string, Fields>>, name: string, request: unknown): void {
  const expected = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (expected === undefined) {
    throw databaseError('internal', { reason: 'a node asked for what this version does not know' });
  }
  const wrong = objectOf(expected)(request);
  if (wrong === null) return;
  throw databaseError('internal', { reason: `malformed request '${name}' at '${wrong}'` });
}

/** Throws `internal` unless the leaf knows such a call and the request has its shape. */
export function checkLeafCall<K extends keyof LeafCalls>(
  name: string,
  request: unknown,
): asserts request is LeafCalls[K]['request'] {
  check(leafCalls, name, request);
}

/** Throws `internal` unless the leaf knows such a stream and the request has its shape. */
export function checkLeafStream<K extends keyof LeafStreams>(
  name: string,
  request: unknown,
): asserts request is LeafStreams[K]['request'] {
  check(leafStreams, name, request);
}

/** Throws `internal` unless the master knows such a call and the request has its shape. */
export function checkMasterCall<K extends keyof MasterCalls>(
  name: string,
  request: unknown,
): asserts request is MasterCalls[K]['request'] {
  check(masterCalls, name, request);
}
