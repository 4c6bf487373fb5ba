// Views as tools see them, and by whose rights they are read.

import test from 'ava';
import {
  openClientCluster,
  type Client,
  type ClientCluster,
} from '#test/aggregator/commands/client-cluster.ts';

const state: { cluster: ClientCluster | null; root: Client | null } = { cluster: null, root: null };

function cluster(): ClientCluster {
  if (state.cluster === null) throw new Error('the cluster has not started');
  return state.cluster;
}

function root(): Client {
  if (state.root === null) throw new Error('nobody is connected');
  return state.root;
}

test.before(async () => {
  state.cluster = await openClientCluster();
  state.root = await cluster().connect();
  for (const sql of [
    'CREATE DATABASE shop',
    'CREATE DATABASE other',
    'USE shop',
    `CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL DEFAULT 'x',
      price DECIMAL(8,2))`,
    "INSERT INTO item (name, price) VALUES ('tin', 1), ('gold', 100)",
    'CREATE TABLE other.stock (item INT PRIMARY KEY, n INT)',
    'INSERT INTO other.stock VALUES (1, 10), (2, 0)',
  ]) {
    await state.root.rows(sql);
  }
});

test.after.always(async () => {
  await state.root?.close();
  await state.cluster?.stop();
});

async function created(name: string): Promise<string | null> {
  const [row] = await root().rows(`SHOW CREATE VIEW ${name}`);
  return row?.[1] ?? null;
}

test.serial('SHOW CREATE VIEW makes the same view again, whatever it is made of', async (t) => {
  const { rows } = root();
  const head = 'CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW';
  const cases = [
    ['SELECT * FROM item', 'SELECT `item`.`id`, `item`.`name`, `item`.`price` FROM `item`'],
    [
      'SELECT i.name, n > 0 AS there FROM shop.item AS i JOIN other.stock ON item = shop.i.id',
      'SELECT `i`.`name`, `n` > 0 AS `there` FROM `item` AS `i` INNER JOIN `other`.`stock` ' +
        'ON `item` = `i`.`id`',
    ],
    [
      'SELECT * FROM item NATURAL JOIN (SELECT id, 1 AS one FROM item) AS d',
      'SELECT `item`.`id`, `item`.`name`, `item`.`price`, `d`.`one` FROM `item` INNER JOIN ' +
        '(SELECT `id`, 1 AS `one` FROM `item`) AS `d` USING (`id`)',
    ],
    ['SELECT id+1, "a" FROM item', "(`id+1`,`a`) AS SELECT `id` + 1, 'a' FROM `item`"],
  ] as const;
  for (const [query, kept] of cases) {
    await rows(`CREATE OR REPLACE VIEW v AS ${query}`);
    const text = await created('v');
    const as = kept.startsWith('(') ? ' ' : ' AS ';
    t.is(text, `${head} \`v\`${as}${kept}`);
    const before = await rows('SELECT * FROM v ORDER BY 1');
    const columns = await rows('DESCRIBE v');
    await rows('DROP VIEW v');
    await rows(String(text));
    t.is(await created('v'), text);
    t.deepEqual(await rows('SELECT * FROM v ORDER BY 1'), before);
    t.deepEqual(await rows('DESCRIBE v'), columns);
  }
  await rows('USE other');
  await rows('CREATE VIEW shop.w AS SELECT n FROM stock');
  await rows('USE shop');
  t.regex(String(await created('w')), /AS SELECT `n` FROM `other`\.`stock`$/);
  t.deepEqual(await rows('SHOW CREATE TABLE w'), await rows('SHOW CREATE VIEW w'));
  await rows('ALTER ALGORITHM=MERGE SQL SECURITY INVOKER VIEW w AS SELECT 1 AS n');
  await rows('ALTER VIEW w AS SELECT 2 AS n WITH CHECK OPTION');
  t.is(
    await created('w'),
    'CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW `w` AS ' +
      'SELECT 2 AS `n` WITH CASCADED CHECK OPTION',
  );
});

test.serial('information_schema and SHOW know of views, as their tables are now', async (t) => {
  const { rows, column } = root();
  await rows('CREATE OR REPLACE VIEW v AS SELECT id, name, price * 2 AS twice FROM item');
  await rows('CREATE VIEW deeper AS SELECT * FROM v');
  t.deepEqual(await rows('SHOW FULL TABLES FROM shop'), [
    ['deeper', 'VIEW'],
    ['item', 'BASE TABLE'],
    ['v', 'VIEW'],
    ['w', 'VIEW'],
  ]);
  t.deepEqual(await column('SHOW TABLES FROM shop'), ['deeper', 'item', 'v', 'w']);
  t.deepEqual(
    await rows(
      `SELECT table_type, engine, table_comment FROM information_schema.tables
       WHERE table_schema = 'shop' AND table_name = 'v'`,
    ),
    [['VIEW', null, 'VIEW']],
  );
  t.deepEqual(
    await rows(
      `SELECT view_definition, check_option, is_updatable, definer, security_type
       FROM information_schema.views WHERE table_schema = 'shop' AND table_name = 'v'`,
    ),
    [
      [
        'SELECT `id`, `name`, `price` * 2 AS `twice` FROM `shop`.`item`',
        ...['NONE', 'NO', 'root@%', 'DEFINER'],
      ],
    ],
  );
  const described = [
    ['id', 'int', 'NO', '', '0', ''],
    ['name', 'varchar(20)', 'NO', '', 'x', ''],
    ['twice', 'decimal(9,2)', 'YES', '', null, ''],
  ];
  t.deepEqual(await rows('DESCRIBE v'), described);
  t.deepEqual(await rows('SHOW COLUMNS FROM deeper'), described);
  await rows('ALTER TABLE item MODIFY name VARCHAR(50)');
  const ofName = "SELECT column_type FROM information_schema.columns WHERE table_name = 'deeper'";
  t.deepEqual(await column(ofName), ['int', 'varchar(50)', 'decimal(9,2)']);
  await rows('ALTER TABLE item RENAME COLUMN price TO cost');
  t.is(await root().failure('SELECT * FROM deeper'), '1356 HY000');
  t.deepEqual(await column(ofName), ['int', 'varchar(20)', 'decimal(9,2)']);
  t.is((await rows('SHOW INDEX FROM v')).length, 0);
  await rows('ALTER TABLE item RENAME COLUMN cost TO price');
  t.is((await rows('SELECT * FROM deeper')).length, 2);
});

test.serial('a view is read by the rights of its definer, or of who reads it', async (t) => {
  const { rows, failure } = root();
  for (const sql of [
    'CREATE USER maker',
    'CREATE USER reader',
    'GRANT SELECT ON shop.item TO maker',
    'GRANT CREATE VIEW, SELECT, SHOW VIEW, DROP ON other.* TO maker',
    'GRANT SELECT ON other.priced TO reader',
    'GRANT SELECT ON other.asked TO reader',
  ]) {
    await rows(sql);
  }
  const maker = await cluster().connect('maker', '');
  const reader = await cluster().connect('reader', '');
  const priced = 'VIEW other.priced AS SELECT name, price FROM shop.item';
  t.is(await reader.failure(`CREATE ${priced}`), '1142 42000');
  t.is(await maker.failure('CREATE VIEW shop.v2 AS SELECT 1'), '1142 42000');
  t.is(await maker.failure(`CREATE DEFINER = root ${priced}`), '1227 42000');
  t.is(await maker.failure(`CREATE DEFINER = maker ${priced}`), 'ok');
  t.is(
    await maker.failure(
      'CREATE SQL SECURITY INVOKER VIEW other.asked AS SELECT name FROM shop.item',
    ),
    'ok',
  );
  t.is(await maker.failure('CREATE VIEW other.denied AS SELECT * FROM shop.v'), '1142 42000');

  t.is(await reader.failure('SELECT * FROM shop.item'), '1142 42000');
  await reader.rows('USE other');
  const hidden = 'stock AS (SELECT * FROM stock) SELECT * FROM stock';
  t.is(await reader.failure(`WITH ${hidden}`), '1142 42000');
  t.not(await reader.failure(`WITH RECURSIVE ${hidden.replace('stock', 'Stock')}`), 'ok');
  t.is((await reader.rows('SELECT * FROM other.priced')).length, 2);
  t.is(await reader.failure('SELECT * FROM other.asked'), '1356 HY000');
  t.is((await maker.rows('SELECT * FROM other.asked')).length, 2);
  t.is(await reader.failure('EXPLAIN SELECT * FROM other.priced'), '1345 HY000');
  t.is(await reader.failure('SHOW CREATE VIEW other.priced'), '1142 42000');
  t.is(await reader.failure('SHOW CREATE TABLE other.priced'), '1345 HY000');
  t.is(await maker.failure('SHOW CREATE TABLE other.priced'), 'ok');
  t.deepEqual(
    await reader.rows(
      "SELECT view_definition FROM information_schema.views WHERE table_name = 'priced'",
    ),
    [['']],
  );

  // What another account's rights read, that account says.
  await rows('CREATE VIEW other.roots AS SELECT n FROM other.stock');
  const other = 'VIEW other.roots AS SELECT item AS n FROM other.stock';
  t.is(await maker.failure(`ALTER ${other}`), '1227 42000');
  t.is(await maker.failure(`ALTER DEFINER = CURRENT_USER ${other}`), 'ok');
  t.is(await maker.failure(`ALTER ${other}`), 'ok');

  // The same statement again, whose plan is kept.
  await rows('REVOKE SELECT ON shop.item FROM maker');
  t.is(await reader.failure('SELECT * FROM other.priced'), '1356 HY000');
  await rows('GRANT SELECT ON shop.item TO maker');
  await rows('GRANT SELECT ON shop.item TO reader');
  t.is((await reader.rows('SELECT * FROM other.priced')).length, 2);
  t.is((await reader.rows('SELECT * FROM other.asked')).length, 2);
  await rows('REVOKE SELECT ON shop.item FROM reader');
  t.is(await reader.failure('SELECT * FROM other.asked'), '1356 HY000');
  // Another table behind the same name.
  await rows('CREATE OR REPLACE DEFINER = maker VIEW other.priced AS SELECT n FROM other.stock');
  await rows('REVOKE SELECT ON other.* FROM maker');
  t.is(await reader.failure('SELECT * FROM other.priced'), '1356 HY000');
  await rows('DROP USER maker');
  t.is(await reader.failure('SELECT * FROM other.priced'), '1449 HY000');
  t.is(await failure('SELECT * FROM other.priced'), 'ok');
  await maker.close();
  await reader.close();
});

test.serial('views stay when the cluster is started again', async (t) => {
  const before = await root().rows('SHOW CREATE VIEW shop.v');
  await root().close();
  await cluster().restart();
  state.root = await cluster().connect();
  t.deepEqual(await root().rows('SHOW CREATE VIEW shop.v'), before);
  t.is((await root().rows('SELECT * FROM shop.deeper')).length, 2);
  t.is(await root().failure('DROP TABLE shop.v'), '1051 42S02');
  t.is(await root().failure('DROP VIEW shop.v, shop.deeper'), 'ok');
  t.is(await root().failure('CREATE TABLE shop.v (a INT)'), 'ok');
});
