// Random queries over a few tables: the same seed, the same queries.

import type { RandomInteger } from './seeded-random.ts';

/** Tables of every spread: sharded by id, sharded by pid, reference, single-partition. */
export const randomTables: readonly string[] = [
  'CREATE TABLE a (id INT PRIMARY KEY, k INT, s VARCHAR(10), d DECIMAL(8,2), t DATE)',
  'CREATE TABLE b (pid INT, n INT, k INT, s VARCHAR(10), PRIMARY KEY (pid, n), SHARD KEY (pid))',
  'CREATE REFERENCE TABLE r (k INT PRIMARY KEY, s VARCHAR(10))',
  'CREATE TABLE g (id INT PRIMARY KEY, k INT, s VARCHAR(10), UNIQUE (s))',
];

interface Table {
  readonly name: string;
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
}

const tables: readonly Table[] = [
  { name: 'a', numbers: ['id', 'k', 'd'], texts: ['s'] },
  { name: 'b', numbers: ['pid', 'n', 'k'], texts: ['s'] },
  { name: 'r', numbers: ['k'], texts: ['s'] },
  { name: 'g', numbers: ['id', 'k'], texts: ['s'] },
];

const words = ['ash', 'birch', 'cedar', 'elm', 'fir', 'oak'];

function pick<T>(dice: RandomInteger, list: readonly T[]): T {
  return list[dice(list.length)] as T;
}

function literalNumber(dice: RandomInteger): string {
  return dice(8) === 0 ? 'NULL' : String(dice(12));
}

function literalText(dice: RandomInteger): string {
  if (dice(8) === 0) return 'NULL';
  const word = pick(dice, words);
  return `'${dice(3) === 0 ? word.toUpperCase() : word}'`;
}

/** Rows for the tables, as INSERT statements. */
export function randomRows(dice: RandomInteger): readonly string[] {
  const rows = (count: number, row: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');
  const text = () => (dice(5) === 0 ? 'NULL' : `'${pick(dice, words)}'`);
  const date = () => (dice(5) === 0 ? 'NULL' : `'2024-0${1 + dice(3)}-1${dice(10)}'`);
  return [
    `INSERT INTO a VALUES ${rows(
      25,
      (i) => `${i}, ${literalNumber(dice)}, ${text()}, ${dice(1000) / 100}, ${date()}`,
    )}`,
    `INSERT INTO b VALUES ${rows(30, (i) => {
      return `${Math.floor(i / 2)}, ${i % 2}, ${literalNumber(dice)}, ${text()}`;
    })}`,
    `INSERT INTO r VALUES ${rows(6, (i) => `${i * 2}, '${words[i]}'`)}`,
    `INSERT INTO g VALUES ${rows(6, (i) => `${i}, ${literalNumber(dice)}, '${words[5 - i]}'`)}`,
  ];
}

interface Scope {
  readonly dice: RandomInteger;
  /** Alias and table of each FROM item that can be named. */
  readonly items: readonly { readonly alias: string; readonly table: Table }[];
  readonly depth: number;
}

function numberColumn({ dice, items }: Scope): string {
  const { alias, table } = pick(dice, items);
  return `${alias}.${pick(dice, table.numbers)}`;
}

function textColumn({ dice, items }: Scope): string {
  const { alias, table } = pick(dice, items);
  return `${alias}.${pick(dice, table.texts)}`;
}

function numberExpression(scope: Scope): string {
  const { dice } = scope;
  switch (dice(9)) {
    case 0:
      return literalNumber(dice);
    case 1:
      return `(${numberColumn(scope)} + ${numberColumn(scope)})`;
    case 2:
      return `COALESCE(${numberColumn(scope)}, ${dice(5)})`;
    case 3:
      return `CASE WHEN ${condition(scope)} THEN ${numberColumn(scope)} ELSE ${dice(5)} END`;
    case 4:
      return scope.depth > 1 ? numberColumn(scope) : scalarQuery(scope);
    default:
      return numberColumn(scope);
  }
}

/** One aggregate of a table, often tied to the outer query by a key. */
function scalarQuery(scope: Scope): string {
  const { dice } = scope;
  const { inner, from } = subquery(scope);
  const aggregate = pick(dice, [
    'COUNT(*)',
    `MAX(${numberColumn(inner)})`,
    `MIN(${numberColumn(inner)})`,
  ]);
  return `(SELECT ${aggregate} FROM ${from})`;
}

function subquery(scope: Scope): { readonly inner: Scope; readonly from: string } {
  const { dice } = scope;
  const table = pick(dice, tables);
  const alias = `q${scope.depth + 1}`;
  const own: Scope = { ...scope, items: [{ alias, table }], depth: scope.depth + 1 };
  const parts: string[] = [];
  if (dice(3) > 0) parts.push(`${numberColumn(own)} = ${numberColumn(scope)}`);
  if (dice(3) === 0) parts.push(condition({ ...own, depth: 2 }));
  const where = parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
  return { inner: own, from: `${table.name} ${alias}${where}` };
}

function condition(scope: Scope): string {
  const { dice } = scope;
  const operator = () => pick(dice, ['=', '<', '>', '<=', '>=', '<>', '<=>']);
  switch (dice(scope.depth > 1 ? 9 : 12)) {
    case 0:
      return `${numberColumn(scope)} IN (${literalNumber(dice)}, ${dice(12)}, ${dice(12)})`;
    case 1:
      return `${numberColumn(scope)} IS ${dice(2) === 0 ? '' : 'NOT '}NULL`;
    case 2:
      return `${textColumn(scope)} ${operator()} ${literalText(dice)}`;
    case 3:
      return `${textColumn(scope)} = ${textColumn(scope)}`;
    case 4:
      return `(${condition(scope)} OR ${condition(scope)})`;
    case 5:
      return `NOT (${condition(scope)})`;
    case 6:
      return `${numberColumn(scope)} BETWEEN ${dice(6)} AND ${dice(12)}`;
    case 7:
      return `${numberColumn(scope)} = ${dice(25)}`;
    case 8:
      return `${numberExpression(scope)} ${operator()} ${numberExpression(scope)}`;
    case 9: {
      const { inner, from } = subquery(scope);
      const not = dice(3) === 0 ? 'NOT ' : '';
      return `${numberColumn(scope)} ${not}IN (SELECT ${numberColumn(inner)} FROM ${from})`;
    }
    case 10:
      return `${dice(3) === 0 ? 'NOT ' : ''}EXISTS (SELECT 1 FROM ${subquery(scope).from})`;
    default:
      return `${textColumn(scope)} LIKE '${pick(dice, ['%a%', 'e%', '%R', '_ak'])}'`;
  }
}

/** FROM with up to three tables, joined by keys or by anything. */
function fromClause(dice: RandomInteger): { readonly text: string; readonly scope: Scope } {
  const count = 1 + Math.min(dice(3), dice(3));
  const items: { alias: string; table: Table }[] = [{ alias: 't1', table: pick(dice, tables) }];
  let text = `${items[0]?.table.name} t1`;
  for (let i = 2; i <= count; i += 1) {
    const item = { alias: `t${i}`, table: pick(dice, tables) };
    const before: Scope = { dice, items: [...items], depth: 2 };
    const own: Scope = { dice, items: [item], depth: 2 };
    const kind = pick(dice, ['JOIN', 'JOIN', 'LEFT JOIN', 'RIGHT JOIN']);
    const parts = [`${numberColumn(own)} = ${numberColumn(before)}`];
    items.push(item);
    if (dice(4) === 0) parts.push(condition({ dice, items: [...items], depth: 2 }));
    text += ` ${kind} ${item.table.name} ${item.alias} ON ${parts.join(' AND ')}`;
  }
  return { text, scope: { dice, items, depth: 0 } };
}

function aggregateExpression(scope: Scope): string {
  const { dice } = scope;
  const column = numberColumn(scope);
  return pick(dice, [
    'COUNT(*)',
    `COUNT(${column})`,
    `SUM(${column})`,
    `AVG(${column})`,
    `MIN(${column})`,
    `MAX(${column})`,
    `COUNT(DISTINCT ${column})`,
    `SUM(CASE WHEN ${condition({ ...scope, depth: 2 })} THEN 1 ELSE 0 END)`,
    `MAX(${textColumn(scope)})`,
    `SUM(${column}) + COUNT(*)`,
  ]);
}

function tail(dice: RandomInteger, width: number): string {
  const order = Array.from({ length: width }, (_, i) => `${i + 1}${dice(3) === 0 ? ' DESC' : ''}`);
  const limit =
    dice(3) === 0 ? ` LIMIT ${dice(8)}${dice(2) === 0 ? ` OFFSET ${dice(4)}` : ''}` : '';
  return dice(4) === 0 ? '' : ` ORDER BY ${order.join(', ')}${limit}`;
}

function groupedSelect(dice: RandomInteger): string {
  const { text, scope } = fromClause(dice);
  const groups = Array.from({ length: dice(3) }, () =>
    dice(3) === 0 ? textColumn(scope) : numberColumn(scope),
  );
  const aggregates = Array.from({ length: 1 + dice(3) }, () => aggregateExpression(scope));
  const where = dice(2) === 0 ? ` WHERE ${condition(scope)}` : '';
  const by = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  const having = dice(3) === 0 ? ` HAVING ${aggregateExpression(scope)} > ${dice(4)}` : '';
  const items = [...groups, ...aggregates];
  return `SELECT ${items.join(', ')} FROM ${text}${where}${by}${having}${tail(dice, items.length)}`;
}

function plainSelect(dice: RandomInteger): string {
  const { text, scope } = fromClause(dice);
  const items = Array.from({ length: 1 + dice(3) }, () =>
    dice(4) === 0 ? textColumn(scope) : numberExpression(scope),
  );
  const where = dice(4) > 0 ? ` WHERE ${condition(scope)}` : '';
  const distinct = dice(4) === 0 ? 'DISTINCT ' : '';
  return `SELECT ${distinct}${items.join(', ')} FROM ${text}${where}${tail(dice, items.length)}`;
}

function unionSelect(dice: RandomInteger): string {
  const side = () => {
    const { text, scope } = fromClause(dice);
    const items = `${numberColumn(scope)}, ${textColumn(scope)}`;
    return `SELECT ${items} FROM ${text} WHERE ${condition(scope)}`;
  };
  return `${side()} UNION${dice(2) === 0 ? ' ALL' : ''} ${side()}${tail(dice, 2)}`;
}

function derivedSelect(dice: RandomInteger): string {
  const { text, scope } = fromClause(dice);
  const inner =
    `SELECT ${numberColumn(scope)} AS x, COUNT(*) AS y, MAX(${textColumn(scope)}) AS s ` +
    `FROM ${text} GROUP BY 1`;
  const table = pick(dice, tables);
  const outer = `SELECT x, y, z.${pick(dice, table.texts)} FROM (${inner}) v`;
  const on = `z.${pick(dice, table.numbers)} = v.x`;
  return `${outer} LEFT JOIN ${table.name} z ON ${on}${tail(dice, 3)}`;
}

/** A query that every one of the tables' worlds must answer alike. */
export function randomQuery(dice: RandomInteger): string {
  switch (dice(8)) {
    case 0:
    case 1:
    case 2:
      return groupedSelect(dice);
    case 3:
      return unionSelect(dice);
    case 4:
      return derivedSelect(dice);
    default:
      return plainSelect(dice);
  }
}
