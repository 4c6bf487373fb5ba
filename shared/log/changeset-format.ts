// SQLite's changeset format: what its readers and its writer agree on.
//
//     table:   'T' · varint columns · one byte a column (1-based place in the key, 0: not part of
//              it) · name, ended by 0
//     change:  operation (18 insert, 9 delete, 23 update) · indirect flag · old values (delete,
//              update) · new values (insert, update)
//     value:   0 undefined · 1 INTEGER, 8 bytes · 2 REAL, 8 bytes · 3 TEXT and 4 BLOB, varint
//              length and bytes · 5 NULL
//
// Numbers are big-endian. (https://www.sqlite.org/session.html, sqlite3session.c)

import type { StoredValue } from '#shared/sql/column-type.ts';

/** The first byte of a table's header. */
export const tableMark = 0x54;

/** The first byte of a change. */
export const operationCodes = { insert: 18, delete: 9, update: 23 } as const;

export type ChangeOperation = keyof typeof operationCodes;

/** `undefined`: an UPDATE leaves this column alone. */
export type ChangeValue = StoredValue | undefined;
