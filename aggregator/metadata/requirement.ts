// One thing that a statement needs its account to be allowed.

import type { TableName } from '#aggregator/parser/ast.ts';
import { tablesRead } from './statement-tables.ts';

export interface Requirement {
  /** One of these suffices. `ANY` stands for whatever privilege there is at the scope. */
  readonly anyOf: readonly string[];
  /** Null: everywhere. */
  readonly database: string | null;
  /** Null: the whole database. */
  readonly table: string | null;
}

/** At a table; a name without a database is in the session's, and without one it needs nothing. */
export function atTable(
  anyOf: readonly string[],
  table: TableName,
  database: string | null,
): readonly Requirement[] {
  const name = table.database ?? database;
  return name === null ? [] : [{ anyOf, database: name, table: table.table }];
}

/** SELECT on every table that `piece` reads. */
export function reads(piece: unknown, database: string | null): readonly Requirement[] {
  return tablesRead(piece).flatMap((table) => atTable(['SELECT'], table, database));
}

/** At a database; null needs nothing. */
export function atDatabase(anyOf: readonly string[], name: string | null): readonly Requirement[] {
  return name === null ? [] : [{ anyOf, database: name, table: null }];
}

/** Everywhere. */
export function everywhere(...anyOf: readonly string[]): readonly Requirement[] {
  return [{ anyOf, database: null, table: null }];
}
