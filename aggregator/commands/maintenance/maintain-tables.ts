// ANALYZE, OPTIMIZE, CHECK, REPAIR and CHECKSUM TABLE: what mysqlcheck and administrators' tools
// send. What there is nothing to do for says so, as MySQL's storage engines do.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import { Breather } from '#aggregator/breather.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { readTable } from '#aggregator/cluster/read-table.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { existingTable } from '#aggregator/metadata/find-table.ts';
import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';
import type { Query, TableName } from '#aggregator/parser/ast.ts';
import { tableNameText } from '#aggregator/parser/print-text.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import type { SyntaxEngine } from '#aggregator/query-engine.ts';
import { statusColumns } from '#aggregator/replication/status-columns.ts';
import type { Session } from '#aggregator/session.ts';
import { rowsResult } from '#aggregator/statement-result.ts';
import { withFreshCatalog } from '#aggregator/with-fresh-catalog.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';

type Action = Parameters<Command<'maintainTables'>>[2]['action'];

/** Msg_type and Msg_text. */
type Message = readonly [type: 'status' | 'note' | 'error' | 'Error', text: string];

const messageColumns = statusColumns({
  Table: 'text',
  Op: 'text',
  Msg_type: 'text',
  Msg_text: 'long',
});
const checksumColumns = statusColumns({ Table: 'text', Checksum: 'integer' });

const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const report: ColumnType = {
  kind: 'string',
  form: 'text',
  length: 65535,
  collation: 'utf8mb4_bin',
};

const done: Message = ['status', 'OK'];
const failed: Message = ['status', 'Operation failed'];

/** What is answered without a look at the table. */
const known: Readonly<Record<Exclude<Action, 'check' | 'checksum'>, readonly Message[]>> = {
  analyze: [['note', 'Twinleaf keeps no statistics of its tables'], done],
  optimize: [['note', 'Table does not support optimize: freed space is used again'], done],
  repair: [['note', "The storage engine for the table doesn't support repair"]],
};

/** A table or a view. */
interface Named {
  readonly database: DatabaseDefinition;
  readonly table: TableDefinition;
}

/** The commands; `engine` is asked for when used, since it is made after them. */
export function maintenanceCommands(engine: () => Pick<SyntaxEngine, 'describe'>): CommandTable {
  const maintain: Command<'maintainTables'> = async (context, session, statement) => {
    const { action, tables } = statement;
    const rows: Row[] = [];
    for (const table of tables) {
      const place = placeOf(session, table);
      const name = `${place.database}.${place.table}`;
      const attempt = async (): Promise<readonly Row[]> => {
        const named = find(context, place);
        if (action === 'checksum') return [[name, await checksum(context, session, named)]];
        const messages =
          action === 'check'
            ? await check(context, session, { ...named, engine: engine() })
            : known[action];
        return messages.map((message) => [name, action, ...message]);
      };
      try {
        rows.push(...(await withFreshCatalog(context, { session, statement }, attempt)));
      } catch (error) {
        rows.push(...refusal(error, action, name, session));
      }
    }
    return rowsResult(action === 'checksum' ? checksumColumns : messageColumns, rows);
  };
  return { maintainTables: maintain };
}

interface Place {
  readonly database: string;
  readonly table: string;
}

/** Throws noDatabase. */
function placeOf(session: Session, { database, table }: TableName): Place {
  const name = database ?? session.database;
  if (name === null) throw databaseError('noDatabase', {});
  return { database: name, table };
}

/** Throws unknownDatabase and unknownTable. */
function find({ catalog }: AggregatorContext, place: Place): Named {
  const database = catalog.database(place.database);
  return { database, table: existingTable(database, place.table) };
}

/** What is said of a table that cannot be looked at. Throws what is not the table's fault. */
function refusal(error: unknown, action: Action, name: string, session: Session): Row[] {
  if (!(error instanceof DatabaseError) || error.is('queryInterrupted')) throw error;
  if (action !== 'checksum') {
    return [
      [name, action, 'Error', error.message],
      [name, action, ...failed],
    ];
  }
  session.report('Error', error);
  return [[name, null]];
}

/** SQLite's own check of the table and its indexes, in each partition. */
async function check(
  context: AggregatorContext,
  session: Session,
  named: Named & { readonly engine: Pick<SyntaxEngine, 'describe'> },
): Promise<readonly Message[]> {
  const { database, table } = named;
  if (table.view !== undefined) {
    const view = tableNameText({ database: database.name, table: table.name });
    const [parsed] = parseStatements(`SELECT * FROM ${view}`);
    named.engine.describe(session, parsed?.statement as Query);
    return [done];
  }
  const name = storedLiteral(table.name);
  // It reads the table, too: that is how a leaf knows that this is for a worker.
  const sql =
    `SELECT c.integrity_check FROM pragma_integrity_check(${name}, 'main') AS c, ` +
    `(SELECT count(*) FROM main.${quoteIdentifier(table.name)})`;
  const faults: Message[] = [];
  const question = { table, sql, columns: [report] };
  for await (const { ordinal, rows } of read(context, session, database, question)) {
    const partition = partitionName({ database: database.name, ordinal });
    for (const [fault] of rows) {
      if (fault !== 'ok') faults.push(['error', `${partition}: ${String(fault)}`]);
    }
  }
  return faults.length === 0 ? [done] : [...faults, ['error', 'Corrupt']];
}

/** Of all rows in any order: what two sites with the same rows agree on. */
async function checksum(
  context: AggregatorContext,
  session: Session,
  { database, table }: Named,
): Promise<bigint> {
  if (table.view !== undefined)
    throw databaseError('notBaseTable', { database: database.name, table: table.name });
  const shown = table.columns.filter((column) => !column.hidden);
  const values = shown.map((column) => `quote(${quoteIdentifier(column.name)})`);
  const row = `concat_ws(',', ${values.join(', ')})`;
  const sql = `SELECT sum(tl_crc32(${row})) FROM main.${quoteIdentifier(table.name)}`;
  let sum = 0n;
  const question = { table, sql, columns: [bigint] };
  for await (const { rows } of read(context, session, database, question)) {
    for (const [part] of rows) sum += BigInt((part as bigint | number | null) ?? 0);
  }
  return BigInt.asUintN(32, sum);
}

function read(
  { leaves, clock }: AggregatorContext,
  session: Session,
  database: DatabaseDefinition,
  question: Parameters<typeof readTable>[2],
): ReturnType<typeof readTable> {
  return readTable({ leaves, breather: new Breather(clock, session.signal) }, database, question);
}
