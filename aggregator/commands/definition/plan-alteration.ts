// What an ALTER TABLE comes to: the shape, the name, the parents to be brought, the rows to refuse.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { DefinitionNotes } from '#aggregator/metadata/definition-notes.ts';
import type { AlterAction } from '#aggregator/parser/ast-definition.ts';
import type { TableName } from '#aggregator/parser/ast-query.ts';
import type { Session } from '#aggregator/session.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { alterChange, hasNewUniqueKey, renameChange, type Alteration } from './alter-change.ts';
import { parentsToGather, refuseOrphans } from './foreign-keys.ts';
import { joinChanges, type SchemaChange } from './schema-change.ts';
import { definitionContext, hasForeignKeyChecks, tableOf } from './table-commands.ts';

/** ALTER TABLE, or an index statement as one. */
export interface AlterStatement {
  readonly table: TableName;
  readonly actions: readonly AlterAction[];
}

export interface PlanOptions {
  readonly statement: AlterStatement;
  readonly notes: DefinitionNotes;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

function nowText(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 23).replace('T', ' ')}000`;
}

/** What a statement does to one version of its database. */
export interface AlterPlan {
  /** Null where the statement says nothing of columns and keys. */
  readonly alteration: Alteration | null;
  /** Null where the table keeps its name. */
  readonly renamed: SchemaChange | null;
  /** Tables that new foreign keys point to and whose rows have to come to theirs. */
  readonly parents: readonly TableDefinition[];
  /** Refuses rows without a parent. */
  readonly orphans: SchemaChange;
}

/** What the statement does to a version of its database. Pure. */
export function planAlteration(
  database: DatabaseDefinition,
  session: Session,
  options: PlanOptions,
): AlterPlan {
  const { statement, notes, nowMs } = options;
  const before = tableOf(database, statement.table.table);
  const actions = statement.actions.filter(({ kind }) => kind !== 'rename' && kind !== 'hint');
  const rename = statement.actions.findLast((action) => action.kind === 'rename');
  const now = nowText(nowMs);
  const context = definitionContext(session, notes);
  const alteration =
    actions.length === 0 ? null : alterChange({ database, before, actions, context, now });
  const after = alteration?.after ?? before;
  const areChecked = hasForeignKeyChecks(session);
  const parents = parentsToGather(database, after, areChecked);
  const fresh = after.foreignKeys.filter(
    (key) => !before.foreignKeys.some((known) => known.name === key.name),
  );
  const orphans = areChecked ? refuseOrphans(after, fresh) : joinChanges([]);
  const plan = { alteration, parents, orphans, renamed: null };
  if (rename === undefined || rename.to.table === after.name) return plan;
  if ((rename.to.database ?? database.name) !== database.name) {
    throw databaseError('unsupported', { what: 'moving a table to another database' });
  }
  const isMore = alteration !== null && hasNewUniqueKey(before, after);
  if (isMore || alteration?.inPlace === null || fresh.length > 0) {
    const what = 'ALTER TABLE that renames and adds keys, or moves rows, at once';
    throw databaseError('unsupported', { what: `${what}; use two statements` });
  }
  return { ...plan, renamed: renameChange(database, after, rename.to.table) };
}

/** Whether rows have to be looked at while nobody changes them. */
export function needsFence({ alteration, parents }: AlterPlan): boolean {
  if (parents.length > 0) return true;
  if (alteration === null) return false;
  const { checks, inPlace, newlyCounted } = alteration;
  return checks !== null || inPlace === null || newlyCounted !== null;
}

/** The change of a plan that no row has to be read for; null where there is nothing to do. */
export function plainChange({ alteration, renamed, orphans }: AlterPlan): SchemaChange | null {
  const inPlace = alteration?.inPlace ?? null;
  if (renamed === null) return inPlace === null ? null : joinChanges([inPlace, orphans]);
  if (inPlace === null) return renamed;
  // The last word on the table is the renamed one.
  return { ...joinChanges([inPlace, renamed]), put: renamed.put, undo: null };
}
