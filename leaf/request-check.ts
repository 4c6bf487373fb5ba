// What comes from the network, checked field by field before a partition acts on it.

import { databaseError } from '#shared/error.ts';
import type { LeafCalls, LeafStreams } from '#shared/wire/message.ts';

/** Throws malformedPacket when a value is not what it should be. */
type Check = (value: unknown) => void;

/** MySQL's names are shorter; savepoints and transaction ids stay below this too. */
const NAME_LENGTH_MAX = 1024;
const ARRAY_LENGTH_MAX = 10_000_000;

const malformed = (): never => {
  throw databaseError('malformedPacket', {});
};

const when =
  (holds: (value: unknown) => boolean): Check =>
  (value) => {
    if (!holds(value)) malformed();
  };

const boolean = when((value) => typeof value === 'boolean');
const integer = when((value) => Number.isSafeInteger(value));
const natural = when((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const lsn = when((value) => typeof value === 'bigint' && value >= 0n);
const bigint = when((value) => typeof value === 'bigint');
const text = when((value) => typeof value === 'string');
const bytes = when((value) => value instanceof Uint8Array);
const name = when(
  (value) => typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX,
);
const anyObject = when((value) => typeof value === 'object' && value !== null);

const storedValue = when(
  (value) =>
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Uint8Array,
);

const oneOf = (...values: readonly string[]): Check =>
  when((value) => typeof value === 'string' && values.includes(value));

const nullable =
  (check: Check): Check =>
  (value) => {
    if (value !== null) check(value);
  };

const arrayOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length > ARRAY_LENGTH_MAX) malformed();
    for (const item of value as unknown[]) check(item);
  };

const object =
  (fields: Readonly<Record<string, Check>>, entries = Object.entries(fields)): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null) malformed();
    const record = value as Record<string, unknown>;
    for (const [field, check] of entries) check(record[field]);
  };

const optional =
  (check: Check): Check =>
  (value) => {
    if (value !== undefined) check(value);
  };

/** Objects told apart by `kind`. */
const kinds =
  (cases: Readonly<Record<string, Check>>): Check =>
  (value) => {
    anyObject(value);
    const { kind } = value as { kind?: unknown };
    const check = typeof kind === 'string' && Object.hasOwn(cases, kind) ? cases[kind] : undefined;
    (check ?? malformed)(value);
  };

const ordinal = when((value) => Number.isSafeInteger(value) && (value as number) >= -1);
const key = object({ database: name, ordinal });
const logHash = when((value) => value instanceof Uint8Array && value.length === 8);
const position = object({ term: natural, lsn, logHash });
const transaction = nullable(object({ id: name, startedAt: bigint, joined: boolean }));
const values = arrayOf(storedValue);
const statement = object({ sql: text, parameters: values });
const ticket = nullable(object({ claims: bytes, key: bytes }));
const address = object({ host: name, port: natural });
const source = object({ address, key, ticket });
const change = object({
  version: natural,
  sqlite: arrayOf(text),
  put: arrayOf(object({ name, columns: arrayOf(anyObject), foreignKeys: arrayOf(anyObject) })),
  drop: arrayOf(text),
});
const step = kinds({
  rows: object({ sql: text, rows: arrayOf(values) }),
  statement: object({ sql: text, parameters: values, returning: boolean }),
});
const ended = object({ key, transactionId: name });

const restoreStep = kinds({
  begin: object({ position, bytesTotal: natural }),
  chunk: object({ offset: natural, compressed: bytes }),
  install: anyObject,
  records: object({ frames: bytes }),
  'record part': object({ offset: natural, bytes, bytesTotal: natural }),
});

const contentAsk = kinds({
  tables: anyObject,
  buckets: object({ table: name }),
  rows: object({ table: name, buckets: arrayOf(natural) }),
  close: anyObject,
});

const packetFormat = object({ protocol: oneOf('text', 'binary'), timeZone: text });
const together = object({ windowMs: natural, about: arrayOf(name) });

const calls: { readonly [K in keyof LeafCalls]: Check } = {
  ping: anyObject,
  createPartition: object({
    key,
    role: oneOf('primary', 'secondary', 'replica'),
    durability: oneOf('sync', 'async'),
    origin: text,
    incarnation: optional(natural),
  }),
  setIncarnation: object({ key, incarnation: natural }),
  dropPartition: object({ key, movedTo: optional(address), incarnation: optional(natural) }),
  partitionStatus: object({ database: nullable(text) }),
  partitionSchema: object({ key }),
  define: object({ key, change }),
  interruptDefinition: object({ key, version: integer }),
  readTogether: object({
    database: name,
    ordinals: arrayOf(ordinal),
    catalogVersion: integer,
    statement,
    columns: arrayOf(anyObject),
    mayLimit: boolean,
    lockWaitTimeoutMs: natural,
    together,
    format: nullable(packetFormat),
  }),
  write: object({
    key,
    catalogVersion: integer,
    transaction,
    steps: arrayOf(step),
    lockWaitTimeoutMs: natural,
    foreignKeyChecks: boolean,
    isPart: optional(boolean),
  }),
  undoLastWrite: ended,
  savepoint: object({
    key,
    transactionId: name,
    action: oneOf('set', 'release', 'rollback to'),
    name: text,
  }),
  commit: ended,
  rollback: ended,
  prepare: object({ key, transactionId: name, participants: arrayOf(ordinal) }),
  decide: object({ key, transactionId: name, verdict: oneOf('commit', 'abort') }),
  verdict: ended,
  forgetVerdicts: object({ key, upTo: lsn, except: arrayOf(name), kept: natural }),
  startLink: object({ key, source }),
  probeLink: object({ source }),
  pauseLink: object({ key }),
  sharedTransactions: object({ key }),
  knownTransactions: object({ key, transactionIds: arrayOf(name) }),
  rewind: object({ key, lsn }),
  fence: object({ key, reason: oneOf('flush', 'move'), leaseMs: natural, waitMs: natural }),
  demote: object({ key }),
  abandonHistory: object({ key }),
  sharedPosition: object({ key, source }),
  comparePosition: object({ key, followerId: name, position }),
  releaseBase: object({ key, version: natural }),
  primaryTail: object({ key }),
  promote: object({ key, anyway: boolean }),
  markWhole: object({ key }),
  checksum: object({ key }),
  compact: object({ key }),
  restore: object({ key, step: restoreStep }),
  forgetFollower: object({ key, followerId: name }),
  checkLink: object({ key, rows: boolean }),
  linkReport: object({ key }),
  askCheck: object({ key, followerId: name }),
  checkContent: object({ key, followerId: name, checkId: name, ask: contentAsk }),
  acknowledge: object({ key, followerId: name, lsn, newest: boolean }),
};

const readFields = {
  key,
  catalogVersion: integer,
  transaction,
  statement,
  columns: arrayOf(anyObject),
  forUpdate: boolean,
  lockWaitTimeoutMs: natural,
  together: optional(together),
};

const streams: { readonly [K in keyof LeafStreams]: Check } = {
  read: object(readFields),
  readPackets: object({ ...readFields, format: packetFormat }),
  changesAfter: object({ key, lsn }),
  subscribe: object({
    key,
    followerId: name,
    address: text,
    position,
    resume: nullable(object({ snapshotId: name, offset: natural })),
    anew: boolean,
    synchronous: boolean,
    inParts: optional(boolean),
  }),
};

/** Throws malformedPacket unless this is a call we know, with a request of its form. */
export function checkCall(call: string, request: unknown): void {
  if (!Object.hasOwn(calls, call)) malformed();
  calls[call as keyof LeafCalls](request);
}

/** Throws malformedPacket unless this is a stream we know, with a request of its form. */
export function checkStream(stream: string, request: unknown): void {
  if (!Object.hasOwn(streams, stream)) malformed();
  streams[stream as keyof LeafStreams](request);
}

/** Throws malformedPacket unless these are values that SQLite can bind. */
export function checkValues(parameters: unknown): void {
  values(parameters);
}
