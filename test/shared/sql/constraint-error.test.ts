// What SQLite refuses reaches the client as MySQL's error.

import test from 'ava';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import { constraintError } from '#shared/sql/constraint-error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

const int: ColumnType = { kind: 'integer', bits: 32, unsigned: false };

function column(name: string) {
  return {
    name,
    type: int,
    nullable: true,
    default: { kind: 'none' },
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  } as const;
}

const definition: TableDefinition = {
  id: 1,
  name: 't',
  spread: 'sharded',
  shardKey: ['a'],
  shardKeyExplicit: false,
  columns: [column('a'), column('b'), column('c')],
  indexes: [
    { name: 'PRIMARY', kind: 'primary', parts: [{ column: 'a', descending: false }], comment: '' },
    {
      name: 'u',
      kind: 'unique',
      parts: ['b', 'c'].map((name) => ({ column: name, descending: false })),
      comment: '',
    },
  ],
  foreignKeys: [],
  checks: [],
  collation: 'utf8mb4_general_ci',
  comment: '',
};

function refused(sql: string): DatabaseError {
  const file = openWithFunctions(':memory:');
  file.exec(`
    CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER NOT NULL, c INTEGER REFERENCES p (id),
      CONSTRAINT "range:b" CHECK (b < 100), CONSTRAINT "length:b" CHECK (b <> 7),
      CONSTRAINT "check:even" CHECK (b <> 8));
    CREATE UNIQUE INDEX "t.u" ON t (b, c);
    INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1, 1)`);
  try {
    file.run(sql);
  } catch (error) {
    const values: Record<string, bigint> = { a: 1n, b: 2n, c: 3n };
    return constraintError(error, {
      table: (name) => (name === 't' ? definition : null),
      path: '/data',
      row: 4,
      valueIn: (_, name) => values[name],
    }) as DatabaseError;
  }
  throw new Error('it was not refused');
}

test('constraint-error: each constraint has its MySQL error', (t) => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['1, 2, NULL', 1062, "Duplicate entry '1' for key 't.PRIMARY'"],
    ['2, 1, 1', 1062, "Duplicate entry '2-3' for key 't.u'"],
    ['2, NULL, NULL', 1048, "Column 'b' cannot be null"],
    ['2, 100, NULL', 1264, "Out of range value for column 'b' at row 4"],
    ['2, 7, NULL', 1406, "Data too long for column 'b' at row 4"],
    ['2, 8, NULL', 3819, "Check constraint 'even' is violated."],
  ];
  for (const [values, errno, message] of cases) {
    const error = refused(`INSERT INTO t VALUES (${values})`);
    t.true(error instanceof DatabaseError);
    t.is(error.errno, errno);
    t.is(error.message, message);
  }
  t.is(refused('INSERT INTO t VALUES (2, 3, 9)').errno, 1452);
});

test('constraint-error: any other error stays what it is', (t) => {
  const error = new TypeError('x');
  t.is(constraintError(error, { table: () => null, path: '', row: 1 }), error);
});
