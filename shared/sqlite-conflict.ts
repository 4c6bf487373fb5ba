// Why a change of a changeset cannot be applied as it stands, and what is done then.
//
// The numbers are those of SQLite's sqlite3session.h (SQLITE_CHANGESET_…), part of its interface.

/** Why a change could not be applied as it stands. */
export type ConflictKind = 'data' | 'not found' | 'conflict' | 'constraint' | 'foreign key';

const kinds: readonly ConflictKind[] = [
  'data',
  'not found',
  'conflict',
  'constraint',
  'foreign key',
];

const codes = { omit: 0, replace: 1, abort: 2 };

/** `omit` leaves the row, `replace` takes the change, `abort` stops. */
export type Resolution = keyof typeof codes;

/** What SQLite's code of a conflict says. */
export function conflictKind(code: number): ConflictKind {
  return kinds[code - 1] ?? 'constraint';
}

/** The answer as SQLite takes it. */
export function resolutionCode(answer: Resolution): number {
  return codes[answer];
}
