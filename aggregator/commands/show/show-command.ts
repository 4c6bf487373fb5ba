// SHOW and DESCRIBE: each kind to what shows it, and the filter behind it.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { Evaluate } from '#aggregator/commands/evaluate.ts';
import type { ShowWhat } from '#aggregator/parser/ast.ts';
import { missingRoutine } from '#aggregator/commands/session/missing-routines.ts';
import type { Session } from '#aggregator/session.ts';
import { rowsResult } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { answer, type Header, type ShowAnswer } from './show-answer.ts';
import { filterRows, matchesLike } from './show-filter.ts';
import {
  showColumns,
  showCreateOfView,
  showCreate,
  showCreateDatabase,
  showDatabases,
  showIndexes,
  showTables,
  showTableStatus,
  type ShowParts,
} from './show-schema.ts';
import {
  showCreateUser,
  showDiagnostics,
  showGrants,
  showPrivileges,
  showProcessList,
  showStatus,
  showVariables,
} from './show-server.ts';
import { aggregatorsExtendedView, aggregatorsView, plainViews, readView } from './show-views.ts';

export interface ShowCommandParts extends ShowParts {
  readonly evaluate: Evaluate;
  /** What another family shows (replication), before the filter; null where it is not theirs. */
  readonly others: (session: Session, what: ShowWhat) => Promise<ShowAnswer | null>;
}

const routineHeaders = [
  'Db',
  'Name',
  'Type',
  'Definer',
  ['Modified', 'moment'],
  ['Created', 'moment'],
  'Security_type',
  'Comment',
  'character_set_client',
  'collation_connection',
  'Database Collation',
] as const satisfies readonly Header[];

/** What does not exist here, and whose list is empty therefore. */
const emptyKinds: { readonly [K in ShowWhat['kind']]?: readonly Header[] } = {
  procedureStatus: routineHeaders,
  functionStatus: routineHeaders,
  triggers: [
    'Trigger',
    'Event',
    'Table',
    ['Statement', 'long'],
    'Timing',
    ['Created', 'moment'],
    'sql_mode',
    'Definer',
    'character_set_client',
    'collation_connection',
    'Database Collation',
  ],
  events: [
    'Db',
    'Name',
    'Definer',
    'Time zone',
    'Type',
    ['Execute at', 'moment'],
    'Interval value',
    'Interval field',
    ['Starts', 'moment'],
    ['Ends', 'moment'],
    'Status',
    ['Originator', 'number'],
    'character_set_client',
    'collation_connection',
    'Database Collation',
  ],
  openTables: ['Database', 'Table', ['In_use', 'number'], ['Name_locked', 'number']],
  masterStatus: [
    'File',
    ['Position', 'number'],
    'Binlog_Do_DB',
    'Binlog_Ignore_DB',
    'Executed_Gtid_Set',
  ],
  binaryLogs: ['Log_name', ['File_size', 'number'], 'Encrypted'],
  binaryLogEvents: [
    'Log_name',
    ['Pos', 'number'],
    'Event_type',
    ['Server_id', 'number'],
    ['End_log_pos', 'number'],
    'Info',
  ],
  replicaStatus: ['Replica_IO_State', 'Source_Host'],
  profiles: [['Query_ID', 'number'], ['Duration', 'double'], 'Query'],
  engine: ['Type', 'Name', 'Status'],
};

/** Of a list of databases only those that the account may know of, whoever made it. */
function visible(
  parts: ShowParts,
  session: Session,
  { what, others }: { readonly what: ShowWhat; readonly others: ShowAnswer | null },
): ShowAnswer | null {
  if (others === null || what.kind !== 'databases') return others;
  const names = new Set(parts.schema.scope(session).databases.map(({ name }) => name));
  return { ...others, rows: others.rows.filter((row) => names.has(String(row[0]))) };
}

async function show(parts: ShowParts, session: Session, what: ShowWhat): Promise<ShowAnswer> {
  switch (what.kind) {
    case 'databases':
      return showDatabases(parts, session);
    case 'tables':
      return showTables(parts, session, what);
    case 'tableStatus':
      return await showTableStatus(parts, session, what.database);
    case 'columns':
      return showColumns(parts, session, what);
    case 'indexes':
      return showIndexes(parts, session, what.table);
    case 'createTable':
      return await showCreate(parts, session, what.table);
    case 'createView':
      return showCreateOfView(parts, session, what.table);
    case 'createDatabase':
      return showCreateDatabase(parts, session, what);
    case 'createUser':
      return showCreateUser(parts, session, what.account);
    case 'variables':
      return showVariables(session, what.scope);
    case 'status':
      return showStatus(parts, session);
    case 'warnings':
    case 'errors':
      return showDiagnostics(session, what);
    case 'grants':
      return showGrants(parts, session, what.account);
    case 'processList':
      return showProcessList(parts, session, what.full);
    case 'privileges':
      return showPrivileges();
    case 'engines':
    case 'charsets':
    case 'collations':
    case 'plugins':
    case 'leaves':
      return await readView(parts.schema, plainViews[what.kind], session);
    case 'aggregators': {
      const view = what.extended ? aggregatorsExtendedView : aggregatorsView;
      return await readView(parts.schema, view, session);
    }
    case 'createRoutine':
      throw missingRoutine(what.routine, what.name.table);
    default: {
      const headers = emptyKinds[what.kind];
      if (headers !== undefined) return answer(headers, []);
      throw databaseError('unsupported', { what: unsupportedWord(what) });
    }
  }
}

function unsupportedWord(what: ShowWhat): string {
  return `SHOW ${what.kind.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()}`;
}

function createShow(parts: ShowCommandParts): Command<'show'> {
  return async (_context, session, { what, filter }) => {
    const others = await parts.others(session, what);
    const shown = visible(parts, session, { what, others }) ?? (await show(parts, session, what));
    const { evaluate } = parts;
    const { columns, rows } = await filterRows(shown, filter, { session, evaluate });
    return rowsResult(columns, rows);
  };
}

function createDescribe(parts: ShowParts): Command<'describe'> {
  return async (_context, session, { table, column }) => {
    const { columns, rows } = showColumns(parts, session, { table, full: false });
    const kept = rows.filter((row) => column === null || matchesLike(column, String(row[0] ?? '')));
    return rowsResult(columns, kept);
  };
}

export function createShowCommands(parts: ShowCommandParts): CommandTable {
  return { show: createShow(parts), describe: createDescribe(parts) };
}
