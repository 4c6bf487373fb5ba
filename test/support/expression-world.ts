// One table of every type in an in-memory SQLite, and MySQL queries over it, compiled by us.

import { parseStatements } from '#aggregator/parser/parser.ts';
import type { Query } from '#aggregator/parser/ast.ts';
import { deparseQuery } from '#aggregator/planner/deparse/deparse-query.ts';
import type { BoundParameter, Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { resolveQuery } from '#aggregator/planner/resolve-query.ts';
import { outputColumns } from '#aggregator/planner/resolve-from.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import { storeValue } from '#shared/sql/store-value.ts';
import { UTC } from '#shared/sql/time-zone.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

/** Column name, MySQL's words for its type, and ours. */
export type ColumnSketch = readonly [name: string, declaration: string, type: ColumnType];

export interface TableSketch {
  readonly name: string;
  readonly columns: readonly ColumnSketch[];
  /** Each value as a client would write it in quotes; null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
}

function columnOf([name, , type]: ColumnSketch): ColumnDefinition {
  return {
    name,
    type,
    nullable: true,
    default: { kind: 'none' },
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  };
}

function tableOf(sketch: TableSketch, id: number): TableDefinition {
  const first = sketch.columns[0]?.[0] ?? '';
  return {
    id,
    name: sketch.name,
    spread: 'sharded',
    shardKey: [first],
    shardKeyExplicit: false,
    columns: sketch.columns.map(columnOf),
    indexes: [
      {
        name: 'PRIMARY',
        kind: 'primary',
        parts: [{ column: first, descending: false }],
        comment: '',
      },
    ],
    foreignKeys: [],
    checks: [],
    collation: 'utf8mb4_general_ci',
    comment: '',
  };
}

function databaseOf(sketches: readonly TableSketch[]): DatabaseDefinition {
  const tables = sketches.map((sketch, i) => [sketch.name, tableOf(sketch, i + 1)] as const);
  return {
    name: 'oracle',
    role: 'primary',
    state: 'online',
    durability: 'sync',
    collation: 'utf8mb4_general_ci',
    partitionCount: 1,
    placements: [],
    catalogVersion: 1,
    tables: Object.fromEntries(tables),
    nextTableId: tables.length + 1,
    primaryUri: '',
  } as DatabaseDefinition;
}

function environmentOf(database: DatabaseDefinition): ResolveEnvironment {
  const variables: Readonly<Record<string, string | bigint>> = {
    time_zone: '+00:00',
    collation_connection: 'utf8mb4_general_ci',
    default_week_format: 0n,
  };
  return {
    catalog: {
      databases: () => [database],
      database: () => database,
      refresh: () => Promise.resolve(),
    },
    database: database.name,
    sqlMode: new Set(['STRICT_TRANS_TABLES', 'ONLY_FULL_GROUP_BY']),
    virtualTables: { isVirtualDatabase: () => false, columns: () => null },
    systemVariable: (_, name) => {
      const value = variables[name];
      if (value === undefined) throw databaseError('unknownSystemVariable', { name });
      return value;
    },
    userVariableType: () => ({ kind: 'null' }),
  };
}

/** Runs MySQL queries as one partition would. */
export class ExpressionWorld {
  readonly #file = openWithFunctions(':memory:');
  readonly #environment: ResolveEnvironment;
  readonly #sketches: readonly TableSketch[];

  constructor(sketches: readonly TableSketch[]) {
    this.#sketches = sketches;
    this.#environment = environmentOf(databaseOf(sketches));
    for (const sketch of sketches) this.#fill(sketch);
  }

  #fill({ name, columns, rows }: TableSketch): void {
    this.#file.exec(
      `CREATE TABLE "${name}" (${columns.map(([column]) => `"${column}"`).join(', ')})`,
    );
    const insert = `INSERT INTO "${name}" VALUES (${columns.map(() => '?').join(', ')})`;
    for (const row of rows) {
      const stored = columns.map((column, i) => this.#store(column, row[i] ?? null));
      this.#file.run(insert, stored);
    }
  }

  #store(sketch: ColumnSketch, value: string | null): StoredValue {
    const text: ColumnType = {
      kind: 'string',
      form: 'varchar',
      length: 1000,
      collation: 'utf8mb4_general_ci',
    };
    const context = { row: 1, strict: true, zeroDates: true, timeZone: UTC, warn: () => undefined };
    return storeValue(columnOf(sketch), { type: text, value }, context);
  }

  /** The statements by which MariaDB gets the same tables. */
  definitions(): readonly string[] {
    return this.#sketches.flatMap(({ name, columns, rows }) => {
      const declared = columns.map(([column, declaration]) => `${column} ${declaration}`);
      const values = rows.map(
        (row) => `(${row.map((v) => (v === null ? 'NULL' : `'${v}'`)).join(', ')})`,
      );
      return [
        `CREATE OR REPLACE TABLE ${name} (${declared.join(', ')})`,
        ...(values.length === 0 ? [] : [`INSERT INTO ${name} VALUES ${values.join(', ')}`]),
      ];
    });
  }

  resolve(text: string): ResolvedQuery {
    const [parsed] = parseStatements(text);
    return resolveQuery(parsed?.statement as Query, this.#environment);
  }

  deparse(text: string): Fragment {
    return deparseQuery(this.resolve(text), {
      relationText: ({ alias: _, ...r }) => relationName(r),
    });
  }

  /** The rows as the text protocol shows them, bytes as Latin-1. */
  rows(text: string): (string | null)[][] {
    const query = this.resolve(text);
    const fragment = deparseQuery(query, { relationText: relationName });
    const types = outputColumns(query).map((column) => column.type);
    const values = fragment.parameters.map(boundConstant);
    return this.#file
      .all(fragment.sql, values, 'bigint')
      .map((row) => row.map((value, i) => shown(value, types[i])));
  }

  /** As rows, of one value; an error is 'error <errno>'. */
  value(expression: string): string {
    try {
      const [row] = this.rows(`SELECT ${expression}`);
      return row?.[0] ?? 'NULL';
    } catch (error) {
      if (error instanceof DatabaseError) return `error ${error.errno}`;
      throw error;
    }
  }

  close(): void {
    this.#file.close();
  }
}

function relationName(relation: {
  readonly kind: string;
  readonly table?: TableDefinition;
}): string {
  return `main."${relation.table?.name ?? ''}"`;
}

function boundConstant(parameter: BoundParameter): StoredValue {
  if (parameter.kind === 'constant') return parameter.value;
  throw databaseError('unsupported', { what: `a ${parameter.kind} in a test` });
}

function shown(value: StoredValue, type: ColumnType | undefined): string | null {
  if (value === null || type === undefined) return null;
  const text = formatValue(value, type);
  return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
}
