// Where a table's rows live is decided when it is made, by the keys it has.

import { compileCheck } from '#aggregator/planner/compile-check.ts';
import { compileGenerated } from '#aggregator/planner/compile-generated.ts';
import test from 'ava';
import type { CreateTable } from '#aggregator/parser/ast-definition.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import { showCreateTable } from '#aggregator/metadata/show-create-table.ts';
import { createTableStatements } from '#aggregator/metadata/sqlite-table.ts';
import { buildTable } from '#aggregator/metadata/table-builder.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

const shop: DatabaseDefinition = {
  name: 'shop',
  role: 'primary',
  state: 'online',
  durability: 'sync',
  collation: 'utf8mb4_general_ci',
  partitionCount: 4,
  placements: [],
  catalogVersion: 1,
  tables: {},
  nextTableId: 7,
  primaryUri: '',
};

function build(sql: string, database = shop): { table: TableDefinition; notes: readonly string[] } {
  const [parsed] = [...parseStatements(sql)];
  const notes = new DefinitionNotes();
  const table = buildTable(parsed?.statement as CreateTable, database, {
    notes,
    zeroDates: false,
    compileCheck,
    compileGenerated,
  });
  return { table, notes: notes.sentences };
}

const spreads: Record<string, [string, string, string]> = {
  'the primary key shards': ['CREATE TABLE t (id INT PRIMARY KEY, a INT)', 'sharded', 'id'],
  'SHARD KEY shards': ['CREATE TABLE t (id INT, a INT, SHARD KEY (a))', 'sharded', 'a'],
  'no key at all: the hidden key shards': ['CREATE TABLE t (a INT)', 'sharded', '_key'],
  'SHARD KEY (): the hidden key shards': [
    'CREATE TABLE t (a INT, SHARD KEY ())',
    'sharded',
    '_key',
  ],
  'what all unique keys share shards': [
    'CREATE TABLE t (a INT, b INT, c INT, PRIMARY KEY (a, b), UNIQUE (b, c))',
    'sharded',
    'b',
  ],
  'id primary and email unique: single': [
    'CREATE TABLE t (id INT PRIMARY KEY, email VARCHAR(50) UNIQUE)',
    'single',
    '',
  ],
  'a foreign key: single': [
    'CREATE TABLE t (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES q (id))',
    'single',
    '',
  ],
  'REFERENCE: everywhere': ['CREATE REFERENCE TABLE t (id INT PRIMARY KEY)', 'reference', ''],
};

for (const [title, [sql, spread, shardKey]] of Object.entries(spreads)) {
  test(`table spread: ${title}`, (t) => {
    const { table } = build(sql);
    t.is(table.spread as string, spread);
    t.is(table.shardKey.join(), shardKey);
    t.is(table.id, 7);
  });
}

test('table spread: a single table is warned of, with the way out', (t) => {
  const { notes } = build('CREATE TABLE t (id INT PRIMARY KEY, email VARCHAR(50) UNIQUE)');
  t.regex(notes.join(), /one partition.*SHARD KEY/);
});

const refusals: Record<string, [string, number]> = {
  'a unique key against the shard key': [
    'CREATE TABLE t (id INT PRIMARY KEY, a INT, SHARD KEY (a))',
    1744,
  ],
  'two primary keys': ['CREATE TABLE t (a INT PRIMARY KEY, b INT, PRIMARY KEY (b))', 1068],
  'a column twice': ['CREATE TABLE t (a INT, A INT)', 1060],
  'a key name twice': ['CREATE TABLE t (a INT, KEY k (a), KEY k (a))', 1061],
  'a key over no column': ['CREATE TABLE t (a INT, KEY (b))', 1072],
  'two AUTO_INCREMENT columns': [
    'CREATE TABLE t (a INT AUTO_INCREMENT PRIMARY KEY, b INT AUTO_INCREMENT, KEY (b))',
    1075,
  ],
  'AUTO_INCREMENT without a key': [
    'CREATE TABLE t (a INT AUTO_INCREMENT, b INT PRIMARY KEY)',
    1075,
  ],
  'a default out of range': ['CREATE TABLE t (a TINYINT DEFAULT 300)', 1067],
  'a default for TEXT': ["CREATE TABLE t (a TEXT DEFAULT 'x')", 1101],
  'scale over precision': ['CREATE TABLE t (a DECIMAL(3,5))', 1427],
  'VARCHAR too long': ['CREATE TABLE t (a VARCHAR(70000))', 1074],
  'an enum member twice': ["CREATE TABLE t (a ENUM('x','y','x'))", 1291],
  'a name of our own': ['CREATE TABLE _twinleaf_meta (a INT)', 1103],
  'a generated column in a key': [
    'CREATE TABLE t (a INT, b INT AS (a + 1), PRIMARY KEY (b))',
    1235,
  ],
  'a generated column of a later one': ['CREATE TABLE t (a INT AS (b), b INT AS (1))', 3107],
};

for (const [title, [sql, errno]] of Object.entries(refusals)) {
  test(`table builder: refuses ${title}`, (t) => {
    const error = t.throws(() => build(sql), { instanceOf: DatabaseError });
    t.is(error?.errno, errno, error?.message);
  });
}

test('sqlite table: keys by collation, ranges and lengths are held by SQLite', (t) => {
  const { table } = build(
    `CREATE TABLE t (id INT UNSIGNED PRIMARY KEY, name VARCHAR(5) NOT NULL, price DECIMAL(5,2),
      e ENUM('a','b'), SHARD KEY (id), KEY by_name (name))`,
  );
  const file = openWithFunctions(':memory:');
  t.teardown(() => file.close());
  for (const sql of createTableStatements(table, 'other')) file.exec(sql);
  file.run("INSERT INTO t VALUES (1, 'Anna', 12345, 2)");
  const plan = file.all("EXPLAIN QUERY PLAN SELECT * FROM t WHERE tl_ci(name) = tl_ci('ANNA')");
  t.regex(
    JSON.stringify(plan, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)),
    /t\.by_name/,
  );
  t.throws(() => file.run("INSERT INTO t VALUES (2, 'Annabel', 1, 1)"), { message: /length:name/ });
  t.throws(() => file.run("INSERT INTO t VALUES (3, 'Bob', 100000, 1)"), {
    message: /range:price/,
  });
  t.throws(() => file.run("INSERT INTO t VALUES (-1, 'Bob', 1, 1)"), { message: /range:id/ });
  t.throws(() => file.run("INSERT INTO t VALUES (4, 'Bob', 1, 3)"), { message: /range:e/ });
  t.deepEqual(createTableStatements(table, 'reference'), []);
});

test('sqlite table: a text primary key is unique by its collation', (t) => {
  const { table } = build('CREATE TABLE t (code VARCHAR(10) PRIMARY KEY, n INT)');
  const file = openWithFunctions(':memory:');
  t.teardown(() => file.close());
  for (const sql of createTableStatements(table, 'first')) file.exec(sql);
  file.run("INSERT INTO t VALUES ('abc', 1)");
  t.throws(() => file.run("INSERT INTO t VALUES ('ABC ', 2)"), { message: /t\.PRIMARY/ });
});

test('show create table: what it prints makes the same table', (t) => {
  const { table } = build(
    `CREATE TABLE film (
      film_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
      title VARCHAR(255) NOT NULL DEFAULT 'it''s',
      rate DECIMAL(4,2) NOT NULL DEFAULT 4.99,
      rating ENUM('G','PG') DEFAULT 'G',
      features SET('a','b') DEFAULT NULL,
      seen DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
      body TEXT,
      flag BOOLEAN NOT NULL DEFAULT TRUE,
      PRIMARY KEY (film_id), KEY idx_title (title), SHARD KEY (film_id)
    ) COMMENT='films'`,
  );
  const text = showCreateTable(table, null);
  t.is(
    text,
    `CREATE TABLE \`film\` (
  \`film_id\` smallint unsigned NOT NULL AUTO_INCREMENT,
  \`title\` varchar(255) NOT NULL DEFAULT 'it''s',
  \`rate\` decimal(4,2) NOT NULL DEFAULT '4.99',
  \`rating\` enum('G','PG') DEFAULT 'G',
  \`features\` set('a','b') DEFAULT NULL,
  \`seen\` datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  \`body\` text,
  \`flag\` tinyint(1) NOT NULL DEFAULT '1',
  PRIMARY KEY (\`film_id\`),
  KEY \`idx_title\` (\`title\`),
  SHARD KEY (\`film_id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='films'`,
  );
  const again = build(text).table;
  t.deepEqual(again, table);
});
