// Conditions to partitions: what is known of a shard key, and what must not be concluded.

import test from 'ava';
import { prune } from '#aggregator/planner/prune.ts';
import { resolveQuery } from '#aggregator/planner/resolve-query.ts';
import { surveyQuery } from '#aggregator/planner/survey-query.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';

const PARTITIONS = 64;
const int: ColumnType = { kind: 'integer', bits: 32, unsigned: false };
const textType: ColumnType = {
  kind: 'string',
  form: 'varchar',
  length: 10,
  collation: 'utf8mb4_general_ci',
};

function table(
  id: number,
  name: string,
  options: { readonly columns: Record<string, ColumnType>; readonly shardKey: readonly string[] },
): TableDefinition {
  const columns = Object.entries(options.columns).map(([column, type]) => ({
    name: column,
    type,
    nullable: false,
    default: { kind: 'none' } as const,
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  }));
  const parts = options.shardKey.map((column) => ({ column, descending: false }));
  return {
    id,
    name,
    spread: 'sharded',
    shardKey: options.shardKey,
    shardKeyExplicit: true,
    columns,
    indexes: [{ name: 'PRIMARY', kind: 'primary', parts, comment: '' }],
    foreignKeys: [],
    checks: [],
    collation: 'utf8mb4_general_ci',
    comment: '',
  };
}

const shop: DatabaseDefinition = {
  name: 'shop',
  role: 'primary',
  state: 'online',
  durability: 'sync',
  collation: 'utf8mb4_general_ci',
  partitionCount: PARTITIONS,
  placements: [],
  catalogVersion: 1,
  tables: {
    t: table(1, 't', { columns: { id: int, a: int }, shardKey: ['id'] }),
    p: table(2, 'p', { columns: { x: int, y: textType, z: int }, shardKey: ['x', 'y'] }),
    w: table(3, 'w', { columns: { k: textType, id: int }, shardKey: ['k'] }),
  },
  nextTableId: 4,
  primaryUri: '',
};

/** The partitions of the first table of FROM, or of the one with that alias. */
function pruned(from: string, alias?: string): readonly number[] | null {
  const [parsed] = parseStatements(`SELECT 1 FROM ${from}`);
  const query = resolveQuery(must(parsed).statement as Query, {
    catalog: { databases: () => [shop], database: () => shop, refresh: async () => undefined },
    database: 'shop',
    sqlMode: new Set(),
    virtualTables: { isVirtualDatabase: () => false, columns: () => null },
    systemVariable: () => 'utf8mb4_general_ci',
    userVariableType: () => ({ kind: 'null' }),
  });
  const { tables } = surveyQuery(query);
  const found = tables.find(({ relation }) => alias === undefined || relation.alias === alias);
  const { relation, conditions } = must(found);
  return prune(relation, conditions, PARTITIONS);
}

function of(...keys: readonly (readonly (readonly [StoredValue, ColumnType])[])[]): number[] {
  const ordinals = keys.map((key) =>
    partitionOfSlot(
      slotOf(
        key.map(([value]) => value),
        key.map(([, type]) => type),
      ),
      PARTITIONS,
    ),
  );
  return [...new Set(ordinals)].sort((a, b) => a - b);
}

const id = (value: number) => [[BigInt(value), int] as const];

for (const [title, from, expected] of [
  ['nothing is known', 't', null],
  ['an equality', 't WHERE id = 5', of(id(5))],
  ['turned round', 't WHERE 5 = id', of(id(5))],
  ['a list', 't WHERE id IN (5, 6, 7)', of(id(5), id(6), id(7))],
  ['NULL equals nothing', 't WHERE id = NULL', []],
  ['beside another condition', 't WHERE a > 3 AND id = 5', of(id(5))],
  ['an OR of equalities', 't WHERE id = 5 OR id = 6', of(id(5), id(6))],
  ['an OR with something else', 't WHERE id = 5 OR a = 6', null],
  ['an OR beside an equality', 't WHERE id = 5 AND (a = 1 OR a = 2)', of(id(5))],
  ['NOT', 't WHERE NOT id = 5', null],
  ['NOT IN', 't WHERE id NOT IN (5)', null],
  ['an inequality', 't WHERE id > 5', null],
  ['another column', 't WHERE a = 5', null],
  ['a column of two that are equal', 't WHERE id = a AND a = 5', of(id(5))],
  ['a decimal that equals an integer', 't WHERE id = 5.0', of(id(5))],
  ['an expression of the key', 't WHERE id + 1 = 5', null],
  ['half of a key', 'p WHERE x = 1', null],
  [
    'a whole key',
    "p WHERE x = 1 AND y = 'a'",
    of([
      [1n, int],
      ['a', textType],
    ]),
  ],
  [
    'lists of both parts',
    "p WHERE x IN (1, 2) AND y IN ('a', 'b')",
    of(
      [
        [1n, int],
        ['a', textType],
      ],
      [
        [1n, int],
        ['b', textType],
      ],
      [
        [2n, int],
        ['a', textType],
      ],
      [
        [2n, int],
        ['b', textType],
      ],
    ),
  ],
  ['text of any case', "w WHERE k = 'ABC'", of([['abc', textType]])],
  ['text as a number', 'w WHERE k = 5', null],
] as const) {
  test(`prune: ${title}: ${from}`, (t) => {
    t.deepEqual(pruned(from), expected);
  });
}

test('prune: a joined table by the equality of the join', (t) => {
  t.deepEqual(pruned('t JOIN w ON w.id = t.id WHERE t.id = 5', 't'), of(id(5)));
  t.deepEqual(pruned('t x JOIN t y ON x.id = y.id WHERE x.id = 5', 'y'), of(id(5)));
});

test('prune: the optional side by ON, the other side not', (t) => {
  const from = 't x LEFT JOIN t y ON y.id = x.id AND x.id = 5';
  t.deepEqual(pruned(from, 'y'), of(id(5)));
  t.is(pruned(from, 'x'), null);
});

test('prune: a subquery by what holds around it', (t) => {
  const from = 't x WHERE x.id = 5 AND EXISTS (SELECT 1 FROM t y WHERE y.id = x.id)';
  t.deepEqual(pruned(from, 'y'), of(id(5)));
});

test('prune: text and number do not hash alike', (t) => {
  t.is(pruned('t JOIN w ON w.k = t.id WHERE t.id = 5', 'w'), null);
});
