// A view in FROM: its query, with its own names and its own modes, in the place of its name.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import type { LockClause } from '#aggregator/parser/ast-query.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import { assert } from '#shared/assert.ts';
import type { TableDefinition, ViewDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { Block } from './block-scope.ts';
import type { ResolveEnvironment } from './resolve-environment.ts';
import type { ResolvedQuery } from './resolved-query.ts';

/** What a view of tables that have changed since says; MySQL says so of the view. */
const invalidNames = [
  'unknownDatabase',
  'unknownTable',
  'unknownColumn',
  'unknownFunction',
  'ambiguousColumn',
] as const;

/** The text of a view's query as syntax. */
export function parseViewQuery(view: Pick<ViewDefinition, 'query'>): Query {
  const [parsed] = parseStatements(view.query);
  assert(parsed !== undefined, 'a view is one query');
  return parsed.statement as Query;
}

/** The world that a view's query is resolved in: its reader's, but for what is the view's own. */
export function viewEnvironment(
  reader: ResolveEnvironment,
  database: DatabaseDefinition,
  table: Pick<TableDefinition, 'name'> & { readonly view: ViewDefinition },
): ResolveEnvironment {
  const { catalog, sqlMode, strictWrite = false, virtualTables, userVariableType } = reader;
  const { collationConnection } = table.view;
  return {
    ...{ catalog, sqlMode, strictWrite, virtualTables, userVariableType },
    database: database.name,
    views: [...(reader.views ?? []), viewKey(database, table)],
    systemVariable: (scope, name) =>
      name === 'collation_connection' ? collationConnection : reader.systemVariable(scope, name),
  };
}

function viewKey({ name }: DatabaseDefinition, table: Pick<TableDefinition, 'name'>): string {
  return `\`${name}\`.\`${table.name}\``;
}

/** The query that a view stands for. Throws recursiveView and invalidView. */
export function resolveView(
  block: Block,
  database: DatabaseDefinition,
  { name, columns, view }: TableDefinition & { readonly view: ViewDefinition },
): ResolvedQuery {
  const { resolver, lock } = block;
  const { environment } = resolver;
  const named = { database: database.name, table: name };
  if (environment.views?.includes(viewKey(database, { name })) === true) {
    throw databaseError('recursiveView', named);
  }
  const inner = resolver.within(viewEnvironment(environment, database, { name, view }));
  const syntax = lockedQuery(parseViewQuery(view), lock);
  let query: ResolvedQuery;
  try {
    query = inner.resolve(syntax, null, []);
  } catch (error) {
    if (!isInvalid(error)) throw error;
    throw databaseError('invalidView', named, error);
  }
  const width = query.kind === 'select' ? query.items.length : query.columns.length;
  assert(width === columns.length, "a view's query has spelled out its columns");
  return query;
}

/** FOR UPDATE locks what the view reads. */
function lockedQuery(query: Query, lock: LockClause | null): Query {
  if (lock === null) return query;
  if (query.kind === 'select') return { ...query, lock: { ...lock, tables: [] } };
  throw databaseError('unsupported', { what: 'locks on a view of a UNION or WITH' });
}

function isInvalid(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && invalidNames.some((name) => error.is(name));
}
