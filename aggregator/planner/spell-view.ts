// The query of a view as its definition keeps it: with nothing in it that means another thing for
// another session, or when its tables are altered.

import { tablesRead } from '#aggregator/metadata/statement-tables.ts';
import type { Query, SelectItem, SelectStatement } from '#aggregator/parser/ast.ts';
import { printQuery } from '#aggregator/parser/print.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { ViewDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { refuseEffect } from './functions/effect-functions.ts';
import { mapSyntax } from './map-syntax.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolveEnvironment, Spelled } from './resolve-environment.ts';
import { resolveQuery } from './resolve-query.ts';

type PlainNode = Readonly<Record<string, unknown>>;

export interface SpelledView extends Pick<ViewDefinition, 'query' | 'reads'> {
  /** The columns that the query answers, by the names that it gives them. */
  readonly columns: readonly ResultColumn[];
}

/**
 * A query as it is kept in a view of `database`. Throws viewVariable, viewClause, unsupported, and
 * what resolving throws.
 */
export function spellView(
  query: Query,
  environment: ResolveEnvironment,
  database: string,
): SpelledView {
  refuseUnlasting(query);
  const meanings = new Map<object, Spelled>();
  const spelled = (written: object, meaning: Spelled): void => void meanings.set(written, meaning);
  const resolved = resolveQuery(query, { ...environment, spelled });
  refuseEffects(resolved);
  const tables = new Set<object>(tablesRead(query));
  const own = (name: string | null): string | null => (name === database ? null : name);
  const replace = (node: PlainNode): object | null => {
    const meaning = meanings.get(node);
    if (meaning?.kind === 'join') return mapSyntax(meaning.join, replace);
    if (tables.has(node)) return { ...node, database: own(databaseOf(node, environment)) };
    const named = typeof node['database'] === 'string';
    if (node['kind'] === 'column' && named) {
      return { ...node, database: own(String(node['database'])) };
    }
    return isSelect(node) ? withoutStars(node, { meanings, replace }) : null;
  };
  const kept = mapSyntax(query, replace);
  const reads = tablesRead(kept).map((table) => ({ database: table.database, table: table.table }));
  if (reads.length < tables.size) {
    throw databaseError('unsupported', { what: 'a table called as one of WITH, in a view' });
  }
  return { query: printQuery(kept), reads, columns: outputColumns(resolved) };
}

/** A name without a database is in that of the session which makes the view. */
function databaseOf(table: PlainNode, { database }: ResolveEnvironment): string | null {
  const written = table['database'];
  return typeof written === 'string' ? written : database;
}

interface Rewriting {
  readonly meanings: ReadonlyMap<object, Spelled>;
  readonly replace: (node: PlainNode) => object | null;
}

/** The block with the columns in the place of its stars; null where it has none. */
function withoutStars(select: SelectStatement, { meanings, replace }: Rewriting): object | null {
  const items = select.items.flatMap((item): readonly SelectItem[] => {
    const meaning = meanings.get(item);
    return meaning?.kind === 'items' ? meaning.items : [item];
  });
  if (items.every((item, i) => item === select.items[i])) return null;
  return mapSyntax({ ...select, items }, replace);
}

/** What belongs to a session, or does something, is no part of a view. */
function refuseUnlasting(query: Query): void {
  mapSyntax(query, (node) => {
    switch (node['kind']) {
      case 'parameter':
      case 'userVariable':
      case 'assignment':
      case 'systemVariable':
        throw databaseError('viewVariable', {});
      case 'call':
        if (node['name'] !== 'current_user') break;
        throw databaseError('unsupported', { what: 'CURRENT_USER() in a view' });
      default:
        if (isSelect(node)) refuseClauses(node);
    }
    return null;
  });
}

/** SLEEP() and its kin, wherever they stand in what was resolved. */
function refuseEffects(part: unknown): void {
  if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return;
  if ('kind' in part && part.kind === 'call' && 'name' in part) refuseEffect(String(part.name));
  for (const [key, inner] of Object.entries(part)) if (key !== 'table') refuseEffects(inner);
}

function isSelect(node: object): node is SelectStatement {
  return 'kind' in node && node.kind === 'select' && 'items' in node;
}

function refuseClauses(select: SelectStatement): void {
  if (select.intoVariables.length > 0) throw databaseError('viewClause', { clause: 'INTO' });
  if (select.lock !== null) throw databaseError('unsupported', { what: 'FOR UPDATE in a view' });
  if (select.calculateFoundRows) {
    throw databaseError('unsupported', { what: 'SQL_CALC_FOUND_ROWS in a view' });
  }
}
