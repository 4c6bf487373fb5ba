// What a primary tells is read back as it was; what is none is not taken for one.

import test from 'ava';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import {
  compareVersions,
  readSourceRow,
  sourceColumns,
  sourceRow,
} from '#aggregator/replication/replication-source.ts';
import { issueTicket } from '#shared/cluster/ticket.ts';
import { WIRE_VERSION } from '#shared/wire/message.ts';

const database: DatabaseDefinition = {
  name: 'shop',
  role: 'primary',
  state: 'online',
  durability: 'async',
  collation: 'utf8mb4_bin',
  partitionCount: 2,
  placements: [
    { ordinal: 0, leafId: 2, replicaLeafIds: [] },
    { ordinal: 1, leafId: 3, replicaLeafIds: [] },
    { ordinal: -1, leafId: 3, replicaLeafIds: [2] },
  ],
  catalogVersion: 4,
  tables: {},
  nextTableId: 1,
  primaryUri: '',
};
const nodes = [2, 3].map((id) => ({
  id,
  kind: 'leaf' as const,
  address: { host: `leaf${id}`, port: 3300 + id },
}));
const ticket = issueTicket(new Uint8Array(32), {
  database: 'shop',
  clusterId: 'a',
  follower: 'b',
  expiresAtMs: 5,
});

function rowOf(changes: Record<string, string> = {}): Record<string, unknown> {
  const row = sourceRow({ clusterId: 'a', version: '1.2.3', database, nodes, ticket });
  const named = sourceColumns.map(({ name }, index) => [name, row[index]]);
  return { ...Object.fromEntries(named), ...changes };
}

test('replication source: a row is read back as it was', (t) => {
  t.deepEqual(readSourceRow(rowOf()), {
    clusterId: 'a',
    version: '1.2.3',
    wireVersion: WIRE_VERSION,
    durability: 'async',
    collation: 'utf8mb4_bin',
    role: 'primary',
    partitionCount: 2,
    partitions: [
      { ordinal: -1, address: { host: 'leaf3', port: 3303 } },
      { ordinal: 0, address: { host: 'leaf2', port: 3302 } },
      { ordinal: 1, address: { host: 'leaf3', port: 3303 } },
    ],
    ticket,
  });
});

test('replication source: a row that is none is null', (t) => {
  t.is(readSourceRow({}), null);
  const bad: Record<string, string>[] = [
    { Partitions: 'x' },
    { Partitions: '{}' },
    { Partitions: '[]' },
    { Partitions: '[[0,"a",1]]' },
    { Partitions: '[[-1,"a",1],[1,"a",1]]' },
    { Partitions: '[[-1,"a",1],[0,"a","1"]]' },
    { Partitions: '[[-1,"a",1],[0,"a",1],[0,"a",1]]' },
    { Durability: 'perhaps' },
    { Collation: 'klingon' },
    { Cluster_id: '' },
  ];
  for (const changes of bad) t.is(readSourceRow(rowOf(changes)), null, JSON.stringify(changes));
});

test('versions: compared by number, part by part', (t) => {
  t.true(compareVersions('1.10.0', '1.9.9') > 0);
  t.true(compareVersions('0.1.0', '1.0.0') < 0);
  t.is(compareVersions('1.2.3', '1.2.3'), 0);
  t.is(compareVersions('1.2.3-beta', '1.2.3'), 0);
});
