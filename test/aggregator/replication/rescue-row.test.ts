// A change as a row of <db>_rescued.changes.

import test from 'ava';
import { rescueColumns, rescueRows } from '#aggregator/replication/rescue-row.ts';
import type { LoggedChange } from '#shared/wire/message.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { accountTable } from '#test/support/test-partition.ts';

/** The changeset of the statements on a table of every storage class. */
function changesetOf(...statements: readonly string[]): Uint8Array {
  const file = openWithFunctions(':memory:');
  file.exec('CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)');
  file.exec('CREATE TABLE other (id TEXT PRIMARY KEY, b BLOB, r REAL, n TEXT)');
  file.exec('INSERT INTO account VALUES (1, 5), (2, 6)');
  const capture = file.capture();
  for (const sql of statements) file.exec(sql);
  const changeset = capture.changeset();
  capture.close();
  file.close();
  return changeset;
}

const tables = new Map([['account', accountTable]]);

function rowsOf(change: Partial<LoggedChange>, committed: readonly string[] = []) {
  const whole: LoggedChange = {
    term: 3,
    lsn: 12n,
    logHash: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 255]),
    timestamp: 1_700_000_000_123n << 16n,
    transactionId: null,
    isDecided: true,
    content: { kind: 'rows', changeset: new Uint8Array(0) },
    ...change,
  };
  const rows = rescueRows(whole, {
    key: { database: 'shop', ordinal: 0 },
    tables,
    committed: new Set(committed),
    reason: 'failback',
    nowMs: 1_700_000_001_000,
  });
  return Array.from(rows, (row) =>
    Object.fromEntries(row.map(({ value }, i) => [rescueColumns[i]?.[0], value])),
  );
}

test('rescue row: what was, what is, when and where', (t) => {
  const changeset = changesetOf('UPDATE account SET balance = 9223372036854775807 WHERE id = 1');
  t.deepEqual(rowsOf({ content: { kind: 'rows', changeset } }), [
    {
      partition_name: 'shop_0',
      lsn: 12n,
      record_hash: '01020304050607ff',
      change_number: 0n,
      term: 3n,
      committed_at: '2023-11-14 22:13:20.123',
      transaction_id: null,
      verdict: 'committed',
      table_name: 'account',
      operation: 'update',
      old_values: '{"id": 1, "balance": 5}',
      new_values: '{"id": 1, "balance": 9223372036854775807}',
      reason: 'failback',
      rescued_at: '2023-11-14 22:13:21.000',
    },
  ]);
});

test('rescue row: inserts and deletes; a table that is not known has numbered columns', (t) => {
  const changeset = changesetOf(
    'DELETE FROM account WHERE id = 2',
    "INSERT INTO other VALUES ('k\"', x'00ff', 1.5, NULL)",
  );
  const rows = rowsOf({ content: { kind: 'rows', changeset } });
  t.deepEqual(
    rows.map((row) => [row['operation'], row['old_values'], row['new_values']]).toSorted(),
    [
      ['delete', '{"id": 2, "balance": 6}', null],
      ['insert', null, '{"c1": "k\\"", "c2": "0x00ff", "c3": 1.5, "c4": null}'],
    ],
  );
});

test('rescue row: without a verdict here, it is what another partition says', (t) => {
  const changeset = changesetOf('DELETE FROM account WHERE id = 2');
  const change = {
    transactionId: 't1',
    isDecided: false,
    content: { kind: 'rows', changeset },
  } as const;
  t.is(rowsOf(change)[0]?.['verdict'], 'in doubt');
  t.is(rowsOf(change, ['t1'])[0]?.['verdict'], 'committed');
});

test('rescue row: a definition names its tables', (t) => {
  const change = { version: 2, sqlite: [], put: [accountTable], drop: ['gone'] };
  const rows = rowsOf({ content: { kind: 'definition', change } });
  t.deepEqual(
    rows.map((row) => [row['table_name'], row['operation'], row['new_values']]),
    [
      ['account', 'definition', '{"table":"changed"}'],
      ['gone', 'definition', '{"table":"dropped"}'],
    ],
  );
});

test('rescue row: a part of a record goes on with the numbers of its rows', (t) => {
  const changeset = changesetOf('UPDATE account SET balance = balance + 1');
  const numbers = (before?: number) => {
    const told = before === undefined ? {} : { before };
    const rows = rowsOf({ content: { kind: 'rows', changeset, ...told } });
    return rows.map((row) => row['change_number']);
  };
  t.deepEqual(numbers(), [0n, 1n]);
  t.deepEqual(numbers(45_000), [45_000n, 45_001n]);
});
