// What nodes ask of the master aggregator: to be taken in, to be known to live, and what a child
// aggregator cannot know or do by itself.

import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { sequencePrefix } from '#aggregator/metadata/sequences.ts';
import { databaseError } from '#shared/error.ts';
import type {
  ForwardedItem,
  ForwardedStatement,
  MasterCalls,
  MasterService,
  MasterStreams,
} from '#shared/wire/message.ts';
import type { KillOrders } from './kill-orders.ts';
import type { Membership } from './membership.ts';
import type { MetadataFeed } from './metadata-feed.ts';
import type { ServedUserLocks } from './served-user-locks.ts';

export interface MasterServiceParts {
  readonly clusterId: string;
  readonly membership: Membership;
  readonly store: MetadataStore;
  readonly feed: MetadataFeed;
  readonly killOrders: KillOrders;
  readonly userLocks: ServedUserLocks;
  /** KILL of a client of the master aggregator or, from there, of another child. */
  readonly kill: (order: MasterCalls['kill']['request']) => Promise<void>;
  /** Runs a statement here for a client of a child aggregator. */
  readonly forward: (
    statement: ForwardedStatement,
    signal: AbortSignal,
  ) => AsyncIterable<ForwardedItem>;
}

type Calls = {
  readonly [K in keyof MasterCalls]: (
    request: MasterCalls[K]['request'],
  ) => Promise<MasterCalls[K]['reply']>;
};

type Streams = {
  readonly [K in keyof MasterStreams]: (
    request: MasterStreams[K]['request'],
    signal: AbortSignal,
  ) => AsyncIterable<MasterStreams[K]['item']>;
};

/** The master aggregator's answers, for a node of this process or from the network. */
export function createMasterService(parts: MasterServiceParts): MasterService {
  const calls = callsOf(parts);
  const streams: Streams = {
    metadata: (_request, signal) => parts.feed.follow(signal),
    forward: (statement, signal) => parts.forward(statement, signal),
    killOrders: ({ nodeId }, signal) => parts.killOrders.take(nodeId, signal),
    userLocks: ({ nodeId }, signal) => parts.userLocks.attend(nodeId, signal),
    getUserLock: (request, signal) => parts.userLocks.acquire(request, signal),
  };
  return {
    call: ((name: keyof MasterCalls, request: never) => calls[name](request)) as never,
    stream: ((name: keyof MasterStreams, request: never, signal = new AbortController().signal) =>
      streams[name](request, signal)) as never,
  };
}

function callsOf(parts: MasterServiceParts): Calls {
  const { clusterId, membership, store, killOrders, kill } = parts;
  const { locks } = parts.userLocks;
  return {
    register: async (request) => ({ nodeId: await membership.register(request), clusterId }),
    heartbeat: async ({ nodeId }) => {
      membership.heartbeat(nodeId);
      return {};
    },
    metadataGet: async ({ key }) => {
      const entry = await store.get(key);
      return { entry: entry === null ? null : { value: entry.value, revision: entry.revision } };
    },
    metadataPut: async ({ key, value, expected }) => {
      if (!key.startsWith(sequencePrefix)) throw databaseError('malformedPacket', {});
      return { revision: await store.put(key, value, expected ?? undefined) };
    },
    kill: async (order) => {
      await kill(order);
      return {};
    },
    killed: async ({ number, refusal, id }) => {
      const error = refusal === null ? null : databaseError(refusal, { id: String(id) });
      killOrders.answer(number, error);
      return {};
    },
    releaseUserLock: async ({ holder, name }) => ({ released: await locks.release(holder, name) }),
    releaseUserLocks: async ({ holder }) => ({ count: await locks.releaseAll(holder) }),
    userLockHolder: async ({ name }) => ({ holder: await locks.holderOf(name) }),
    settleUserLock: async ({ holder, name, count }) => {
      locks.settle(holder, name, count);
      return {};
    },
  };
}
