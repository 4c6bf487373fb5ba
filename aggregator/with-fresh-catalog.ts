// A statement that was planned for an older schema, or older places, is planned again for new ones.

import type { AggregatorContext } from './aggregator-context.ts';
import type { Statement } from './parser/ast.ts';
import type { Session } from './session.ts';
import { DatabaseError } from '#shared/error.ts';

/** How long a statement tries before its client is told, in milliseconds. */
const RETRY_MS_MAX = 15_000;

/** Runs `action`, again after each error that is stale: nothing was done then. */
export async function withFreshCatalog<T>(
  context: AggregatorContext,
  { session, statement }: { readonly session: Session; readonly statement: Statement },
  action: () => Promise<T>,
): Promise<T> {
  const deadline = context.clock.monotonicMs() + RETRY_MS_MAX;
  const forgetWarnings = session.markWarnings();
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isStale(error) || context.clock.monotonicMs() > deadline || session.signal.aborted)
        throw error;
    }
    forgetWarnings();
    const named = databasesOf(statement, session.database);
    for (const name of withViews(context, named)) await context.catalog.refresh(name);
  }
}

/**
 * True for what was refused because the schema, or a place, is another by now, or is about to be: a
 * database or a partition that is being made, or dropped.
 */
export function isStale(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.is('catalogMismatch', 'partitionMoved', 'partitionNotOnline', 'databasePending');
}

/** The databases that a statement names, or means by naming none. */
function databasesOf(statement: Statement, current: string | null): ReadonlySet<string> {
  const names = new Set<string>(current === null ? [] : [current]);
  collectDatabases(statement, names);
  return names;
}

/** These databases, and those that their views read. */
function withViews({ catalog }: AggregatorContext, names: ReadonlySet<string>): Set<string> {
  const known = new Map(catalog.databases().map((database) => [database.name, database]));
  const found = new Set(names);
  // What is added while it is gone through is gone through, too.
  for (const name of found) {
    for (const { view } of Object.values(known.get(name)?.tables ?? {})) {
      for (const { database } of view?.reads ?? []) if (database !== null) found.add(database);
    }
  }
  return found;
}

function collectDatabases(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, part] of Object.entries(value)) {
    if (key === 'database' && typeof part === 'string') names.add(part);
    else collectDatabases(part, names);
  }
}
