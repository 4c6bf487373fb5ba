// USE, PREPARE, KILL, FLUSH, LOCK TABLES, backups and other upkeep.

import type { AdministrationStatement, UnsupportedStatement } from './ast-administration.ts';
import type { Expression } from './ast-query.ts';
import { parseCheckReplication } from './parse-replication.ts';
import { parseShow } from './parse-show.ts';
import { parseTableAlias } from './parse-from.ts';
import type { TokenReader } from './token-reader.ts';

type Rule = (reader: TokenReader, at: number) => AdministrationStatement;

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['use', parseUse],
  ['using', parseUsing],
  ['do', parseDo],
  ['call', parseCall],
  ['help', (reader, at) => ({ kind: 'help', at, topic: reader.nameOrString() })],
  ['prepare', parsePrepare],
  ['execute', parseExecute],
  ['deallocate', parseDeallocate],
  ['kill', parseKill],
  ['flush', parseFlush],
  ['lock', parseLockTables],
  ['unlock', parseUnlock],
  ['move', parseMove],
  ['rebalance', parseRebalance],
  ['remove', parseRemove],
  ['snapshot', parseSnapshot],
  ['backup', parseBackup],
  ['restore', parseRestore],
  ['analyze', parseMaintain('analyze')],
  ['optimize', parseMaintain('optimize')],
  ['repair', parseMaintain('repair')],
  ['checksum', parseMaintain('checksum')],
  ['check', parseCheck],
]);

/** The statement that the current word begins; null when it begins none of these. */
export function parseAdministration(reader: TokenReader): AdministrationStatement | null {
  const { at } = reader;
  const rule = rules.get(reader.lexer.keyword);
  if (rule === undefined) return null;
  reader.next();
  return rule(reader, at);
}

function parseUse(reader: TokenReader, at: number): AdministrationStatement {
  return { kind: 'use', at, database: reader.name() };
}

/** USING db SHOW DATABASE STATUS. */
function parseUsing(reader: TokenReader): AdministrationStatement {
  const database = reader.name();
  if (!reader.isWord('show')) throw reader.syntaxError();
  const show = parseShow(reader);
  if (show.what.kind !== 'databaseStatus') throw reader.unsupported('USING before this SHOW');
  return { ...show, what: { ...show.what, database } };
}

function parseDo(reader: TokenReader, at: number): AdministrationStatement {
  return { kind: 'do', at, expressions: reader.list(() => reader.parseExpression()) };
}

function parseCall(reader: TokenReader, at: number): AdministrationStatement {
  const name = reader.tableName();
  let list: Expression[] = [];
  if (reader.acceptOperator('(') && !reader.acceptOperator(')')) {
    list = reader.list(() => reader.parseExpression());
    reader.expectOperator(')');
  }
  return { kind: 'call', at, name, arguments: list };
}

function parsePrepare(reader: TokenReader, at: number): AdministrationStatement {
  const name = reader.name();
  reader.expectWord('from');
  const { kind } = reader.lexer;
  if (kind !== 'string' && kind !== 'userVariable') throw reader.syntaxError();
  return { kind: 'prepare', at, name, text: reader.parseTerm() };
}

function parseExecute(reader: TokenReader, at: number): AdministrationStatement {
  const name = reader.name();
  const using = reader.acceptWord('using') ? reader.list(() => reader.userVariable()) : [];
  return { kind: 'execute', at, name, using };
}

function parseDeallocate(reader: TokenReader, at: number): AdministrationStatement {
  reader.expectWord('prepare');
  return { kind: 'deallocate', at, name: reader.name() };
}

function parseKill(reader: TokenReader, at: number): AdministrationStatement {
  const query = reader.acceptWord('query');
  if (!query) reader.acceptWord('connection');
  return { kind: 'kill', at, query, id: reader.parseExpression() };
}

const flushTargets = [
  'tables',
  'table',
  'privileges',
  'status',
  'logs',
  'hosts',
  'user_resources',
  'ssl',
  'tls',
  'optimizer_costs',
] as const;

function parseFlush(reader: TokenReader, at: number): AdministrationStatement {
  reader.acceptOneOf(['no_write_to_binlog', 'local'] as const);
  if (reader.acceptOneOf(['binary', 'engine', 'error', 'general', 'slow', 'relay'] as const)) {
    reader.expectWord('logs');
    return { kind: 'flush', at, what: 'LOGS', readLock: false };
  }
  const what = reader.expectOneOf(flushTargets);
  let readLock = false;
  if (what === 'tables' || what === 'table') {
    if (reader.acceptWords('with read only')) return { kind: 'flushReadOnly', at };
    if (reader.isName()) reader.list(() => reader.tableName());
    if (reader.acceptWord('for')) throw reader.unsupported('FLUSH TABLES FOR EXPORT');
    readLock = reader.acceptWords('with read lock');
  }
  return { kind: 'flush', at, what: flushedName(what), readLock };
}

function flushedName(what: (typeof flushTargets)[number]): string {
  if (what === 'table') return 'TABLES';
  return what === 'ssl' ? 'TLS' : what.toUpperCase();
}

function parseLockTables(reader: TokenReader, at: number): AdministrationStatement {
  if (reader.isWord('instance')) throw reader.unsupported('LOCK INSTANCE');
  reader.expectOneOf(['tables', 'table'] as const);
  const tables = reader.list(() => {
    const table = reader.tableName();
    const isLock = reader.isWord('read') || reader.isWord('write') || reader.isWord('low_priority');
    if (!isLock) parseTableAlias(reader);
    if (reader.acceptWord('read')) {
      reader.acceptWord('local');
      return { table, write: false };
    }
    reader.acceptWord('low_priority');
    reader.expectWord('write');
    return { table, write: true };
  });
  return { kind: 'lockTables', at, tables };
}

function parseUnlock(reader: TokenReader, at: number): AdministrationStatement {
  reader.expectOneOf(['tables', 'table'] as const);
  return { kind: 'unlockTables', at };
}

/** REMOVE LEAF 'host':port [FORCE]. */
function parseRemove(reader: TokenReader, at: number): AdministrationStatement {
  if (!reader.acceptWord('leaf')) {
    throw reader.unsupported(`REMOVE ${reader.anyWord().toUpperCase()}`);
  }
  const host = reader.nameOrString();
  reader.expectOperator(':');
  const port = reader.integer();
  return { kind: 'removeLeaf', at, host, port, force: reader.acceptWord('force') };
}

/** MOVE PARTITION db:ordinal TO 'host':port, MOVE PARTITION db:reference TO 'host':port. */
function parseMove(reader: TokenReader, at: number): AdministrationStatement {
  reader.expectWord('partition');
  const database = reader.name();
  reader.expectOperator(':');
  const ordinal = reader.acceptWord('reference') ? null : reader.integer();
  reader.expectWord('to');
  const host = reader.nameOrString();
  reader.expectOperator(':');
  return { kind: 'movePartition', at, database, ordinal, host, port: reader.integer() };
}

function parseRebalance(reader: TokenReader, at: number): AdministrationStatement {
  if (reader.acceptWord('all')) throw reader.unsupported('REBALANCE ALL DATABASES');
  reader.expectWords('partitions on');
  return { kind: 'rebalancePartitions', at, database: reader.name() };
}

function parseSnapshot(reader: TokenReader, at: number): AdministrationStatement {
  reader.acceptWord('database');
  return { kind: 'snapshotDatabase', at, database: reader.name() };
}

function parseBackup(reader: TokenReader, at: number): AdministrationStatement {
  reader.acceptWord('database');
  const database = reader.name();
  if (reader.isWord('with')) throw reader.unsupported('BACKUP DATABASE … WITH');
  reader.expectWord('to');
  const path = parseBackupPath(reader);
  const timeoutMs = reader.acceptWord('timeout') ? reader.integer() : null;
  return { kind: 'backupDatabase', at, database, path, timeoutMs };
}

function parseRestore(reader: TokenReader, at: number): AdministrationStatement {
  if (!reader.acceptWord('database') && reader.isWord('redundancy')) {
    throw reader.unsupported('RESTORE REDUNDANCY');
  }
  const database = reader.name();
  const as = reader.acceptWord('as') ? reader.name() : null;
  reader.expectWord('from');
  const path = parseBackupPath(reader);
  if (reader.isWord('with')) throw reader.unsupported('RESTORE DATABASE … WITH');
  return { kind: 'restoreDatabase', at, database, as, path };
}

/** A directory; object stores are known by their names. */
function parseBackupPath(reader: TokenReader): string {
  for (const store of ['s3', 'azure', 'gcs', 'hdfs']) {
    if (reader.isWord(store)) throw reader.unsupported(`a backup in ${store.toUpperCase()}`);
  }
  return reader.string();
}

function parseMaintain(action: 'analyze' | 'optimize' | 'check' | 'repair' | 'checksum'): Rule {
  return (reader, at) => {
    reader.acceptOneOf(['no_write_to_binlog', 'local'] as const);
    reader.expectOneOf(['table', 'tables'] as const);
    const tables = reader.list(() => reader.tableName());
    // QUICK, EXTENDED, FOR UPGRADE, histograms and their like change how hard MySQL looks.
    while (!reader.isEnd() && reader.lexer.kind !== 'invalid') reader.next();
    return { kind: 'maintainTables', at, action, tables };
  };
}

function parseCheck(reader: TokenReader, at: number): AdministrationStatement {
  if (reader.isWord('replication')) return parseCheckReplication(reader, at);
  return parseMaintain('check')(reader, at);
}

/**
 * What begins here is known and refused: it is taken up to its `;`. A body between BEGIN and END
 * has more of those, so it takes all the text.
 */
export function parseUnsupported(
  reader: TokenReader,
  at: number,
  what: string,
): UnsupportedStatement {
  while (!reader.isEnd()) {
    if (reader.isWord('begin')) reader.seek(reader.lexer.source.length);
    else reader.next();
  }
  return { kind: 'unsupported', at, what };
}
