// SHOW in all its kinds, and DESCRIBE.

import type {
  AdministrationStatement,
  ShowFilter,
  ShowLimit,
  ShowStatement,
  ShowWhat,
} from './ast-administration.ts';
import type { TableName } from './ast-query.ts';
import { parseAccountName } from './parse-account.ts';
import { parseShowCreate } from './parse-show-create.ts';
import type { TokenReader } from './token-reader.ts';

/** SHOW, which is the current token. */
export function parseShow(reader: TokenReader): ShowStatement {
  const { at } = reader;
  reader.next();
  const what = parseWhat(reader);
  return { kind: 'show', at, what, filter: parseFilter(reader) };
}

function parseFilter(reader: TokenReader): ShowFilter {
  if (reader.acceptWord('like')) return { like: reader.string(), where: null };
  if (reader.acceptWord('where')) return { like: null, where: reader.parseExpression() };
  return { like: null, where: null };
}

/** Kinds that are two words and nothing else. */
const fixedKinds: readonly (readonly [string, ShowWhat])[] = [
  ['replication status', { kind: 'replicationStatus' }],
  ['database status', { kind: 'databaseStatus', database: null }],
  ['cluster status', { kind: 'clusterStatus' }],
  ['storage engines', { kind: 'engines' }],
  ['engines', { kind: 'engines' }],
  ['character set', { kind: 'charsets' }],
  ['char set', { kind: 'charsets' }],
  ['charset', { kind: 'charsets' }],
  ['collation', { kind: 'collations' }],
  ['plugins', { kind: 'plugins' }],
  ['privileges', { kind: 'privileges' }],
  ['procedure status', { kind: 'procedureStatus' }],
  ['function status', { kind: 'functionStatus' }],
  ['binary logs', { kind: 'binaryLogs' }],
  ['master logs', { kind: 'binaryLogs' }],
  ['master status', { kind: 'masterStatus' }],
  ['binary log status', { kind: 'masterStatus' }],
  ['slave status', { kind: 'replicaStatus' }],
  ['replica status', { kind: 'replicaStatus' }],
  ['profiles', { kind: 'profiles' }],
  ['leaves', { kind: 'leaves' }],
  ['aggregators extended', { kind: 'aggregators', extended: true }],
  ['aggregators', { kind: 'aggregators', extended: false }],
  ['replicas', { kind: 'replicas' }],
];

function parseWhat(reader: TokenReader): ShowWhat {
  if (reader.acceptWords('replication source for')) {
    return { kind: 'replicationSource', database: reader.name() };
  }
  for (const [words, what] of fixedKinds) {
    if (!reader.acceptWords(words)) continue;
    if (what.kind === 'replicaStatus' && reader.acceptWords('for channel')) reader.string();
    return what;
  }
  if (reader.acceptWords('binlog events') || reader.acceptWords('relaylog events')) {
    return parseLogEvents(reader);
  }
  if (reader.isWord('profile')) throw reader.unsupported('SHOW PROFILE');
  if (reader.acceptWords('leaf status')) throw reader.unsupported('SHOW LEAF STATUS');
  if (reader.acceptWord('rebalance')) throw reader.unsupported('SHOW REBALANCE STATUS');
  if (reader.acceptWord('create')) return parseShowCreate(reader);
  const scoped = parseScoped(reader);
  if (scoped !== null) return scoped;
  const extended = reader.acceptWord('extended');
  const full = reader.acceptWord('full');
  const { at } = reader;
  const word = reader.anyWord();
  switch (word) {
    case 'databases':
    case 'schemas':
      return { kind: 'databases', extended: reader.acceptWord('extended') || extended };
    case 'tables':
      return { kind: 'tables', full, extended, database: parseDatabase(reader) };
    case 'table':
      reader.expectWord('status');
      return { kind: 'tableStatus', database: parseDatabase(reader) };
    case 'columns':
    case 'fields':
      return { kind: 'columns', full, extended, table: parseTable(reader) };
    case 'index':
    case 'indexes':
    case 'keys':
      return { kind: 'indexes', table: parseTable(reader) };
    case 'processlist':
      return { kind: 'processList', full };
    case 'partitions':
      return parsePartitions(reader, extended);
    case 'grants':
      return {
        kind: 'grants',
        account: reader.acceptWord('for') ? parseAccountName(reader) : null,
      };
    case 'open':
      reader.expectWord('tables');
      return { kind: 'openTables', database: parseDatabase(reader) };
    case 'triggers':
    case 'events':
      return { kind: word, database: parseDatabase(reader) };
    case 'engine': {
      const engine = reader.nameOrString();
      return { kind: 'engine', engine, topic: reader.anyWord() };
    }
    default:
      return parseDiagnostics(reader, word, at);
  }
}

/** [IN 'file'] [FROM position] [LIMIT [offset,] count]: there are none, wherever one looks. */
function parseLogEvents(reader: TokenReader): ShowWhat {
  if (reader.acceptWord('in')) reader.string();
  if (reader.acceptWord('from')) reader.parseExpression();
  parseShowLimit(reader);
  return { kind: 'binaryLogEvents' };
}

/** [GLOBAL | SESSION] VARIABLES or STATUS; null when it is something else. */
function parseScoped(reader: TokenReader): ShowWhat | null {
  const mark = reader.mark();
  const word = reader.acceptOneOf(['global', 'session', 'local'] as const);
  const scope = word === 'global' ? 'global' : 'session';
  const kind = reader.acceptOneOf(['variables', 'status'] as const);
  if (kind !== null) return { kind, scope };
  if (word !== null) throw reader.syntaxError();
  reader.reset(mark);
  return null;
}

/** WARNINGS, ERRORS and their counts. */
function parseDiagnostics(reader: TokenReader, word: string, at: number): ShowWhat {
  if (word === 'warnings' || word === 'errors') {
    return { kind: word, count: false, limit: parseShowLimit(reader) };
  }
  if (word === 'count') {
    reader.expectOperator('(');
    reader.expectOperator('*');
    reader.expectOperator(')');
    const kind = reader.expectOneOf(['warnings', 'errors'] as const);
    return { kind, count: true, limit: null };
  }
  throw reader.syntaxErrorAt(at);
}

function parseShowLimit(reader: TokenReader): ShowLimit | null {
  if (!reader.acceptWord('limit')) return null;
  const first = reader.integer();
  if (reader.acceptOperator(',')) return { offset: first, count: reader.integer() };
  return { offset: 0, count: first };
}

/** FROM database or IN database, or null. */
function parseDatabase(reader: TokenReader): string | null {
  return reader.acceptOneOf(['from', 'in'] as const) === null ? null : reader.name();
}

/** FROM table [FROM database]. */
function parseTable(reader: TokenReader): TableName {
  reader.expectOneOf(['from', 'in'] as const);
  const table = reader.tableName();
  const database = parseDatabase(reader);
  return database === null ? table : { ...table, database };
}

function parsePartitions(reader: TokenReader, before: boolean): ShowWhat {
  const extended = reader.acceptWord('extended') || before;
  const database = reader.acceptWord('on') ? reader.name() : null;
  return { kind: 'partitions', extended, database };
}

/** DESCRIBE table [column]; the word itself has been taken. */
export function parseDescribeTable(reader: TokenReader, at: number): AdministrationStatement {
  const table = reader.tableName();
  const column = reader.isEnd() ? null : reader.nameOrString();
  return { kind: 'describe', at, table, column };
}
