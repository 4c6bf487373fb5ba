// Which difference between two schemas a promotion can make up for.

import test from 'ava';
import { isAltered } from '#aggregator/replication/unify-schema.ts';
import type { TableDefinition, ViewDefinition } from '#shared/cluster/table-definition.ts';

const table: TableDefinition = {
  ...{ id: 1, name: 't', spread: 'single', shardKey: [], shardKeyExplicit: false, columns: [] },
  ...{ indexes: [], foreignKeys: [], checks: [], collation: 'utf8mb4_bin', comment: '' },
};

function viewOf(query: string): TableDefinition {
  const view: ViewDefinition = {
    ...{ query, listed: false, reads: [], algorithm: 'UNDEFINED', security: 'DEFINER' },
    ...{ definer: { user: 'a', host: '%' }, checkOption: 'NONE', characterSetClient: 'utf8mb4' },
    collationConnection: 'utf8mb4_general_ci',
  };
  return { ...table, view };
}

test('unify schema: a view that was replaced is no altered table, for it has no rows', (t) => {
  t.false(isAltered([table], [table]));
  t.false(isAltered([], [table]));
  t.true(isAltered([table], [{ ...table, comment: 'another' }]));
  t.false(isAltered([viewOf('SELECT 1')], [viewOf('SELECT 2')]));
  t.true(isAltered([table], [viewOf('SELECT 2')]));
  t.true(isAltered([viewOf('SELECT 1')], [table]));
});
