// By whose rights a view is read: its definer's or its reader's, each time that it is read.

import type { CreateView, Statement } from '#aggregator/parser/ast.ts';
import type { ViewDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { AccountDefinition } from './account.ts';
import type { AccountIdentity } from './accounts.ts';
import type { Requirement } from './requirement.ts';

/** The view of that name, or null: no such database, no such table, or a table. */
export type FindView = (database: string, table: string) => ViewDefinition | null;

export interface ViewRights {
  readonly findView: FindView;
  /** The account, or null where it is gone. */
  readonly definer: (name: AccountIdentity) => AccountDefinition | null;
  readonly allows: (account: AccountDefinition, requirement: Requirement) => boolean;
}

interface Place {
  readonly database: string;
  readonly table: string;
}

/**
 * What a statement that reads a table needs besides, where that is a view. Throws unknownDefiner,
 * invalidView, and explainedView for who would be shown what is behind it without SHOW VIEW.
 */
export function checkView(
  rights: ViewRights,
  reader: AccountDefinition,
  { statement, requirement }: { readonly statement: Statement; readonly requirement: Requirement },
): void {
  const { database, table, anyOf } = requirement;
  if (database === null || table === null) return;
  const shows = statement.kind === 'show' && statement.what.kind === 'createTable';
  if (!shows && !anyOf.includes('SELECT')) return;
  const view = rights.findView(database, table);
  if (view === null) return;
  if (shows || statement.kind === 'explain') {
    const needs = [['SELECT'], ['SHOW VIEW']].map((names) => ({ ...requirement, anyOf: names }));
    if (!needs.every((need) => rights.allows(reader, need))) {
      throw databaseError('explainedView', {});
    }
  }
  if (statement.kind !== 'show')
    checkReads(rights, { database, table }, { view, reader, path: [] });
}

/** SELECT on each table behind the view, and behind the views there. */
function checkReads(
  rights: ViewRights,
  place: Place,
  {
    view,
    reader,
    path,
  }: {
    readonly view: ViewDefinition;
    readonly reader: AccountDefinition;
    /** The views on the way here: planning refuses those that would be met again. */
    readonly path: readonly ViewDefinition[];
  },
): void {
  if (path.includes(view)) return;
  const subject = view.security === 'INVOKER' ? reader : rights.definer(view.definer);
  if (subject === null) throw databaseError('unknownDefiner', view.definer);
  for (const read of view.reads) {
    const behind = { database: read.database ?? place.database, table: read.table };
    if (!rights.allows(subject, { ...behind, anyOf: ['SELECT'] })) {
      throw databaseError('invalidView', place);
    }
    const next = rights.findView(behind.database, behind.table);
    if (next === null) continue;
    checkReads(rights, behind, { view: next, reader: subject, path: [...path, view] });
  }
}

/**
 * Only who may do everything says what is read by another account's rights. Throws
 * privilegeRequired.
 */
export function checkDefiner(
  { findView }: ViewRights,
  caller: { readonly account: AccountIdentity; readonly database: string | null },
  { kind, view, definer }: CreateView,
): void {
  const database = view.database ?? caller.database;
  // ALTER VIEW keeps the definer that it does not name.
  const kept = kind === 'alterView' && database !== null ? findView(database, view.table) : null;
  const named = definer === null ? kept?.definer : definer.current ? undefined : definer;
  const { user, host } = caller.account;
  if (named === undefined || (named.user === user && named.host === host)) return;
  throw databaseError('privilegeRequired', { privilege: 'SUPER' });
}
