// What the deparser asks its caller: how tables and columns are called in SQLite.

import type { Relation } from '#aggregator/planner/resolved-query.ts';
import { quoteName } from './fragment.ts';

/** A relation that is not a subquery of the same statement. */
export type NamedRelation = Extract<Relation, { kind: 'table' | 'virtual' }>;

/** Given by the planner: where the tables of one SQLite statement are. */
export interface DeparseContext {
  /** The table as FROM names it: `main."users"`, `ref."countries"`, `temp."i3"`. */
  relationText(relation: NamedRelation): string;
  /** The text of a column that is not read from its relation; null leaves the usual text. */
  columnText?(relation: number, column: string): string | null;
}

/** The alias that a relation has in SQLite's FROM. */
export function relationAlias(relation: number): string {
  return `"r${relation}"`;
}

/** How a column is read: by its relation's alias, unless the context says otherwise. */
export function columnText(context: DeparseContext, relation: number, column: string): string {
  const special = context.columnText?.(relation, column) ?? null;
  return special ?? `${relationAlias(relation)}.${quoteName(column)}`;
}
