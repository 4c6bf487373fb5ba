// The world of an expression over one row of a table, the same for every session: what CHECK
// constraints and generated columns are resolved in, and made SQLite of.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import { deparseExpression } from './deparse/deparse-expression.ts';
import { quoteName } from './deparse/fragment.ts';
import { writeOut } from './deparse/write-out.ts';
import type { ResolveEnvironment } from './resolve-environment.ts';
import { resolveQuery } from './resolve-query.ts';
import type { ResolvedQuery } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { isMoreThanTheRow } from './walk-expression.ts';

/** The expression's database, for names in it; no client's has a name so long. */
const nowhere = 'c'.repeat(65);

/** The columns of the table of that name. */
interface RowSource {
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
}

/** A world of one table, the same under every sql_mode; variables are refused. */
function rowEnvironment({ table, columns }: RowSource, refuse: () => never): ResolveEnvironment {
  const held: TableDefinition = {
    ...{ id: 1, name: table, spread: 'single', shardKey: [], shardKeyExplicit: false },
    ...{ columns, indexes: [], foreignKeys: [], checks: [], comment: '' },
    collation: 'utf8mb4_general_ci',
  };
  const database: DatabaseDefinition = {
    ...{ name: nowhere, role: 'primary', state: 'online', durability: 'sync' },
    ...{ partitionCount: 1, placements: [], catalogVersion: 1, tables: { [table]: held } },
    ...{ collation: 'utf8mb4_general_ci', nextTableId: 2, primaryUri: '' },
  };
  return {
    catalog: {
      databases: () => [database],
      database: () => database,
      refresh: async () => undefined,
    },
    database: nowhere,
    sqlMode: new Set(),
    virtualTables: { isVirtualDatabase: () => false, columns: () => null },
    // By which a literal is typed; what the columns have goes before it.
    systemVariable: (_scope, variable) =>
      variable === 'collation_connection' ? 'utf8mb4_general_ci' : refuse(),
    userVariableType: refuse,
  };
}

/**
 * The query that the text of such an expression was written into. `unknownColumn` makes the error
 * for a column that the table has not; `refuse` throws that for what is no such expression.
 */
export function rowQuery(
  source: RowSource,
  sql: string,
  problems: {
    readonly refuse: () => never;
    readonly unknownColumn: (column: string) => DatabaseError;
  },
): ResolvedQuery {
  const [parsed] = parseStatements(sql);
  try {
    const environment = rowEnvironment(source, problems.refuse);
    return resolveQuery(must(parsed).statement as Query, environment);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.is('unknownColumn')) throw error;
    throw problems.unknownColumn(/'([^']*)'/.exec(error.message)?.[1] ?? '');
  }
}

/** What has another answer for another session, or the next time. */
export function isOfSession(part: TypedExpression): boolean {
  const asksSession =
    part.kind === 'context' || part.kind === 'parameter' || part.kind === 'userVariable';
  return asksSession || isMoreThanTheRow(part);
}

/** The expression over the table's columns as SQLite has them, its constants written into it. */
export function rowSql(expression: TypedExpression, refuse: () => never): string {
  const { sql, parameters } = deparseExpression(expression, {
    relationText: refuse,
    columnText: (_relation, column) => quoteName(column),
  });
  return writeOut(
    sql,
    parameters.map((parameter) => (parameter.kind === 'constant' ? parameter.value : refuse())),
  );
}
