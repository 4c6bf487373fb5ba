// What a connection may ask of the master aggregator: nodes of its cluster only, and little.

import { databaseError } from '#shared/error.ts';
import type {
  ForwardedStatement,
  KillOrder,
  MasterCalls,
  MasterService,
} from '#shared/wire/message.ts';
import type { ServeTo } from '#shared/wire/served.ts';

/** Bytes of a host name, a version, a key. */
const textLengthMax = 1024;
/** Bytes of a statement that is forwarded: no definition comes near it. */
const statementLengthMax = 64 * 1024 * 1024;
/** Variables of a session that a statement brings along. */
const variablesMax = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/** The master aggregator as its nodes meet it: each request is checked before it arrives. */
export function serveMaster(master: MasterService): ServeTo {
  return (identity) => ({
    async call(name, request, signal) {
      if (identity.kind !== 'node') refuseTicket();
      const check = calls[name as keyof MasterCalls] as ((request: Fields) => never) | undefined;
      if (check === undefined || !Object.hasOwn(calls, name)) refuse();
      return master.call(name as keyof MasterCalls, check(fieldsOf(request)), signal);
    },
    async *stream(name, request, signal) {
      if (identity.kind !== 'node') refuseTicket();
      const fields = fieldsOf(request);
      if (name === 'metadata') yield* master.stream(name, {}, signal);
      else if (name === 'forward') yield* master.stream(name, forwarded(fields), signal);
      else if (name === 'killOrders') {
        yield* master.stream(name, { nodeId: natural(fields['nodeId']) }, signal);
      } else if (name === 'userLocks') {
        yield* master.stream(name, { nodeId: natural(fields['nodeId']) }, signal);
      } else if (name === 'getUserLock') {
        const { timeoutMs } = fields;
        const wait = timeoutMs === null ? null : natural(timeoutMs);
        yield* master.stream(name, { ...lockOf(fields), timeoutMs: wait }, signal);
      } else refuse();
    },
  });
}

const calls: {
  readonly [K in keyof MasterCalls]: (request: Fields) => MasterCalls[K]['request'];
} = {
  register: registration,
  heartbeat: ({ nodeId }) => ({ nodeId: natural(nodeId) }),
  metadataGet: ({ key }) => ({ key: text(key) }),
  metadataPut: ({ key, value, expected }) => ({
    key: text(key),
    value: bigint(value),
    expected: expected === null ? null : natural(expected),
  }),
  kill: killOrder,
  killed: ({ number, refusal, id }) => {
    if (refusal !== null && refusal !== 'noSuchThread' && refusal !== 'killDenied') refuse();
    return { number: natural(number), refusal, id: natural(id) };
  },
  releaseUserLock: lockOf,
  releaseUserLocks: ({ holder }) => ({ holder: natural(holder) }),
  userLockHolder: ({ name }) => ({ name: text(name) }),
  settleUserLock: (request) => ({ ...lockOf(request), count: natural(request['count']) }),
};

function registration(request: Fields): MasterCalls['register']['request'] {
  const { kind, nodeId, address, version } = request;
  if (kind !== 'leaf' && kind !== 'aggregator') refuse();
  const { host, port } = fieldsOf(address);
  return {
    kind,
    nodeId: natural(nodeId),
    address: { host: text(host), port: natural(port) },
    version: text(version),
  };
}

function lockOf({ holder, name }: Fields): { holder: number; name: string } {
  return { holder: natural(holder), name: text(name) };
}

function killOrder({ id, what, account }: Fields): KillOrder {
  if (what !== 'query' && what !== 'connection') refuse();
  return { id: natural(id), what, account: accountOf(account) };
}

/** The statement is parsed and authorized like a client's; its session's parts are set like SET. */
function forwarded(request: Fields): ForwardedStatement {
  const { account, peer, database, variables, userVariables, text: statement } = request;
  if (typeof statement !== 'string' || statement.length > statementLengthMax) refuse();
  return {
    account: accountOf(account),
    peer: text(peer),
    database: database === null ? null : text(database),
    variables: list(variables).map((pair) => {
      const [name, value] = list(pair);
      return [text(name), scalar(value)] as const;
    }),
    userVariables: list(userVariables).map((triple) => {
      const [name, type, value] = list(triple);
      const stored = value instanceof Uint8Array ? value : scalar(value);
      return [text(name), fieldsOf(type) as never, stored] as const;
    }),
    text: statement,
  };
}

function accountOf(account: unknown): { user: string; host: string } {
  const { user, host } = fieldsOf(account);
  return { user: text(user), host: text(host) };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  return refuse();
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length <= variablesMax) return value;
  return refuse();
}

function scalar(value: unknown): string | bigint | number | null {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return value;
  return refuse();
}

function bigint(value: unknown): bigint {
  return typeof value === 'bigint' ? value : refuse();
}

function natural(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse();
}

function text(value: unknown): string {
  if (typeof value === 'string' && value.length <= textLengthMax) return value;
  return refuse();
}

function refuseTicket(): never {
  throw databaseError('ticketRefused', { reason: 'it is good for leaves alone' });
}

function refuse(): never {
  throw databaseError('malformedPacket', {});
}
