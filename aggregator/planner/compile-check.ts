// A CHECK constraint as the condition that SQLite holds its table to.

import { parseStatements } from '#aggregator/parser/parser.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { CheckSource } from '#aggregator/metadata/table-builder.ts';
import { must } from '#shared/assert.ts';
import type { CheckDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { deparseExpression } from './deparse/deparse-expression.ts';
import { quoteName, type Fragment } from './deparse/fragment.ts';
import { writeOut } from './deparse/write-out.ts';
import type { ResolveEnvironment } from './resolve-environment.ts';
import { resolveQuery } from './resolve-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectColumns, isMoreThanTheRow, some } from './walk-expression.ts';

/** The constraint's database, for names in it; no client's has a name so long. */
const nowhere = 'c'.repeat(65);

/**
 * The constraint, ready for CREATE TABLE. It has to have one answer for a row, whoever asks and
 * when: throws checkFunction for what has not, checkUnknownColumn, or unsupported.
 */
export function compileCheck(source: CheckSource): CheckDefinition {
  const { name, text } = source;
  const condition = resolvedCondition(source);
  const columns = [...new Set(collectColumns(condition).map(({ column }) => column))];
  if (some(condition, isDisallowed)) throw databaseError('checkFunction', { name });
  const zoned = source.columns.find(
    (column) => column.type.kind === 'timestamp' && columns.includes(column.name),
  );
  if (zoned !== undefined) {
    const what = `a CHECK constraint over the TIMESTAMP column '${zoned.name}'`;
    throw databaseError('unsupported', { what });
  }
  const fragment = deparseExpression(condition, {
    relationText: () => {
      throw databaseError('checkFunction', { name });
    },
    columnText: (_relation, column) => quoteName(column),
  });
  return { name, text, sqlite: withLiterals(fragment, name), columns };
}

function resolvedCondition(source: CheckSource): TypedExpression {
  const { name, text, table } = source;
  const quoted = `\`${table.replaceAll('`', '``')}\``;
  const [parsed] = parseStatements(`SELECT 1 FROM ${quoted} WHERE (${text})`);
  try {
    const query = resolveQuery(must(parsed).statement as Query, environmentOf(source));
    if (query.kind === 'select' && query.where !== null) return query.where;
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.is('unknownColumn')) throw error;
    const column = /'([^']*)'/.exec(error.message)?.[1] ?? '';
    throw databaseError('checkUnknownColumn', { name, column }, error);
  }
  throw databaseError('checkFunction', { name });
}

/** A world of one table, the same under every sql_mode; variables are refused. */
function environmentOf({ name, table, columns }: CheckSource): ResolveEnvironment {
  const refuse = (): never => {
    throw databaseError('checkFunction', { name });
  };
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

/** What has another answer for another session, or the next time. */
function isDisallowed(part: TypedExpression): boolean {
  const isOfSession =
    part.kind === 'context' || part.kind === 'parameter' || part.kind === 'userVariable';
  return isOfSession || isMoreThanTheRow(part);
}

/** The text with its constants in the place of their question marks. */
function withLiterals({ sql, parameters }: Fragment, name: string): string {
  const values = parameters.map((parameter) => {
    if (parameter.kind !== 'constant') throw databaseError('checkFunction', { name });
    return parameter.value;
  });
  return writeOut(sql, values);
}
