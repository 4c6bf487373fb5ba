// A leaf joins through the MySQL port: upgrade, proof, registration, heartbeats, and again.

import test, { type ExecutionContext } from 'ava';
import { join } from 'node:path';
import { createMasterService } from '#aggregator/cluster/master-service.ts';
import { KillOrders } from '#aggregator/cluster/kill-orders.ts';
import { ServedUserLocks } from '#aggregator/cluster/served-user-locks.ts';
import { LocalUserLocks } from '#aggregator/cluster/user-locks.ts';
import { Membership } from '#aggregator/cluster/membership.ts';
import { MetadataFeed } from '#aggregator/cluster/metadata-feed.ts';
import { NodeListener } from '#aggregator/cluster/node-listener.ts';
import { FrontDoor } from '#aggregator/front-door/server.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import { SessionRegistry } from '#aggregator/session-registry.ts';
import { GlobalVariables } from '#aggregator/session-variables.ts';
import { MasterLink } from '#shared/wire/master-link.ts';
import { realClock } from '#shared/clock.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

const identity = { clusterId: '00112233445566ff', secret: new Uint8Array(32).fill(3) };
const clock = realClock;

/** No client logs in here, so nothing is asked of it. */
const engine: QueryEngine = {
  async *execute() {},
  prepare: async () => ({ parameterCount: 0, columns: [] }),
};

async function startMaster(t: ExecutionContext<unknown>, path: string, port: number) {
  const { logger, lines } = quietLogger();
  const store = SqliteMetadataStore.open(path);
  const membership = await Membership.open(store, clock, logger);
  const master = createMasterService({
    clusterId: identity.clusterId,
    membership,
    store,
    feed: await MetadataFeed.open(store),
    killOrders: new KillOrders(),
    userLocks: new ServedUserLocks(new LocalUserLocks(clock), clock),
    kill: async () => undefined,
    async *forward() {},
  });
  const listener = new NodeListener({ identity, master, clock, logger });
  const door = new FrontDoor({
    engine,
    accounts: {
      match: () => null,
      decoy: () => ({ sha1: null, sha256: new Uint8Array(32), crypt: null }),
    },
    variables: new GlobalVariables({
      version: '0',
      hostname: 'here',
      port,
      serverUuid: '',
      dataDirectory: '',
      maxConnections: 10,
    }),
    registry: new SessionRegistry(clock),
    clock,
    logger,
    serverVersion: '8.0.36-test',
    onNodeConnection: (socket) => listener.accept(socket),
  });
  const bound = await door.listen({ host: '127.0.0.1', port });
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await Promise.all([door.close(), listener.stop()]);
    membership.close();
    await store.close();
  };
  t.teardown(stop);
  return { port: bound, membership, lines, stop };
}

function startLeaf(t: ExecutionContext<unknown>, port: number, secret = identity.secret) {
  const ids: number[] = [];
  const { logger, lines } = quietLogger();
  const link = new MasterLink({
    kind: 'leaf',
    route: { kind: 'far', address: { host: '127.0.0.1', port } },
    clusterSecret: secret,
    nodeId: 0,
    address: { host: '127.0.0.1', port: 1 },
    version: '0',
    clock,
    logger,
    onRegistered: (id) => ids.push(id),
  });
  t.teardown(() => link.stop());
  return { link, ids, lines };
}

test('node-listener: a leaf joins through the MySQL port, and again after a restart', async (t) => {
  const path = join(temporaryDirectory(t), 'metadata.sqlite');
  const [port = 0] = await freePorts(1);
  const leaf = startLeaf(t, port);
  await until('the leaf to find nobody', () => leaf.lines.some((line) => line.includes('refused')));
  const master = await startMaster(t, path, port);
  const id = await leaf.link.registered;
  t.is(id, 2);
  t.true(master.membership.isAlive(id));
  await master.stop();
  const again = await startMaster(t, path, port);
  await until('the leaf to be back', () => again.membership.isAlive(id));
  t.deepEqual([...new Set(leaf.ids)], [id]);
});

test('node-listener: a node with another secret gets nowhere', async (t) => {
  const master = await startMaster(t, join(temporaryDirectory(t), 'metadata.sqlite'), 0);
  const leaf = startLeaf(t, master.port, new Uint8Array(32).fill(4));
  await until('the refusal', () =>
    leaf.lines.some((line) => line.includes('wrong cluster secret')),
  );
  t.deepEqual(master.membership.nodes(), []);
});
