// CREATE, ALTER, DROP, RENAME and TRUNCATE: which of their many kinds it is.

import type { AdministrationStatement } from './ast-administration.ts';
import type { CreateDatabase, DefinitionStatement, IndexSyntax } from './ast-definition.ts';
import {
  parseAlterUser,
  parseCreateUser,
  parseDropUser,
  parseRenameUser,
} from './parse-account.ts';
import { parseUnsupported } from './parse-administration.ts';
import { parseAlterTable } from './parse-alter-table.ts';
import { parseCreateTable } from './parse-create-table.ts';
import { parseIndexRest } from './parse-key.ts';
import { parseView } from './parse-view.ts';
import type { TokenReader } from './token-reader.ts';

type Result = DefinitionStatement | AdministrationStatement;

const databaseWords = ['database', 'schema'] as const;

/** CREATE, which is the current token. */
export function parseCreate(reader: TokenReader): Result {
  const { at } = reader;
  reader.next();
  const temporary = reader.acceptWord('temporary');
  const reference = reader.acceptWord('reference');
  if (!reference) reader.acceptOneOf(['rowstore', 'columnstore'] as const);
  if (reader.acceptWord('table')) {
    return parseCreateTable(reader, { at, reference, temporary });
  }
  if (temporary || reference) throw reader.syntaxError();
  if (reader.acceptOneOf(databaseWords) !== null) return parseCreateDatabase(reader, at);
  if (reader.acceptWord('user')) return parseCreateUser(reader, at);
  const found = parseCreateIndex(reader, at) ?? parseView(reader, at, 'createView');
  return found ?? parseRefused(reader, at, 'CREATE');
}

/** What is refused by its name: triggers, routines and the rest. */
const refused = [
  'trigger',
  'procedure',
  'function',
  'event',
  'role',
  'server',
  'tablespace',
  'aggregate',
  'instance',
  'resource',
  'logfile',
  'spatial',
  'sequence',
  'package',
  'pipeline',
] as const;

/** Finds the kind behind OR REPLACE, ALGORITHM=, DEFINER= and SQL SECURITY. */
function parseRefused(reader: TokenReader, at: number, verb: string): Result {
  const first = reader.at;
  const { lexer } = reader;
  for (let tokens = 0; tokens < 24 && !reader.isEnd() && lexer.kind !== 'invalid'; tokens++) {
    const word = lexer.kind === 'word' ? refused.find((name) => name === lexer.keyword) : undefined;
    if (word !== undefined) {
      return parseUnsupported(reader, at, `${verb} ${word.toUpperCase()}`);
    }
    reader.next();
  }
  throw reader.syntaxErrorAt(first);
}

function parseCreateDatabase(reader: TokenReader, at: number): CreateDatabase {
  const ifNotExists = reader.acceptWords('if not exists');
  const name = reader.name();
  let durability: CreateDatabase['durability'] = null;
  let partitions: number | null = null;
  let charset: string | null = null;
  let collation: string | null = null;
  while (!reader.isEnd()) {
    if (reader.acceptWord('with')) {
      durability = reader.expectOneOf(['sync', 'async'] as const);
      reader.expectWord('durability');
    } else if (reader.acceptWord('partitions')) {
      reader.acceptOperator('=');
      partitions = reader.integer();
    } else if (reader.acceptWord('and')) reader.acceptWord('with');
    else {
      const option = parseCharsetOption(reader);
      charset = option.charset ?? charset;
      collation = option.collation ?? collation;
    }
  }
  return {
    kind: 'createDatabase',
    at,
    name,
    ifNotExists,
    durability,
    partitions,
    charset,
    collation,
  };
}

/** [DEFAULT] CHARACTER SET [=] x or COLLATE [=] x. */
function parseCharsetOption(reader: TokenReader): {
  charset: string | null;
  collation: string | null;
} {
  reader.acceptWord('default');
  if (reader.acceptWord('collate')) {
    reader.acceptOperator('=');
    return { charset: null, collation: reader.charsetName() };
  }
  if (reader.acceptWord('encryption')) {
    reader.acceptOperator('=');
    if (reader.string().toLowerCase() !== 'n') throw reader.unsupported('ENCRYPTION');
    return { charset: null, collation: null };
  }
  if (!reader.acceptWord('charset')) reader.expectWords('character set');
  reader.acceptOperator('=');
  return { charset: reader.charsetName(), collation: null };
}

/** CREATE [UNIQUE | FULLTEXT | SPATIAL] INDEX; null when it is no index. */
function parseCreateIndex(reader: TokenReader, at: number): DefinitionStatement | null {
  const mark = reader.mark();
  const written = reader.acceptOneOf(['unique', 'fulltext', 'spatial'] as const);
  if (!reader.acceptWord('index')) {
    reader.reset(mark);
    return null;
  }
  const kind: IndexSyntax['kind'] = written ?? 'index';
  const name = reader.name();
  if (reader.acceptWord('using')) reader.expectOneOf(['btree', 'hash'] as const);
  reader.expectWord('on');
  const table = reader.tableName();
  const index = parseIndexRest(reader, { at, kind, name });
  parseOnlineHints(reader);
  return { kind: 'createIndex', at, table, index };
}

function parseOnlineHints(reader: TokenReader): void {
  while (reader.acceptOneOf(['algorithm', 'lock'] as const) !== null) {
    reader.acceptOperator('=');
    reader.anyWord();
  }
}

/** ALTER, which is the current token. */
export function parseAlter(reader: TokenReader): Result {
  const { at } = reader;
  reader.next();
  reader.acceptWord('ignore');
  if (reader.acceptWord('table')) return parseAlterTable(reader, at);
  if (reader.acceptWord('user')) return parseAlterUser(reader, at);
  if (reader.acceptWords('instance reload tls')) {
    reader.acceptWords('no rollback on error');
    return { kind: 'flush', at, what: 'TLS', readLock: false };
  }
  if (reader.acceptOneOf(databaseWords) === null) {
    return parseView(reader, at, 'alterView') ?? parseRefused(reader, at, 'ALTER');
  }
  const isOption = ['default', 'character', 'charset', 'collate'].includes(reader.lexer.keyword);
  const name = isOption ? null : reader.name();
  let charset: string | null = null;
  let collation: string | null = null;
  do {
    const option = parseCharsetOption(reader);
    charset = option.charset ?? charset;
    collation = option.collation ?? collation;
  } while (!reader.isEnd());
  return { kind: 'alterDatabase', at, name, charset, collation };
}

/** DROP, which is the current token. */
export function parseDrop(reader: TokenReader): Result {
  const { at } = reader;
  reader.next();
  const temporary = reader.acceptWord('temporary');
  if (reader.acceptOneOf(['table', 'tables'] as const) !== null) {
    const ifExists = reader.acceptWords('if exists');
    const tables = reader.list(() => reader.tableName());
    reader.acceptOneOf(['restrict', 'cascade'] as const);
    return { kind: 'dropTable', at, tables, ifExists, temporary };
  }
  if (temporary) throw reader.syntaxError();
  if (reader.acceptOneOf(databaseWords) !== null) {
    const ifExists = reader.acceptWords('if exists');
    return { kind: 'dropDatabase', at, name: reader.name(), ifExists };
  }
  if (reader.acceptWord('user')) return parseDropUser(reader, at);
  if (reader.acceptWord('view')) {
    const ifExists = reader.acceptWords('if exists');
    const views = reader.list(() => reader.tableName());
    reader.acceptOneOf(['restrict', 'cascade'] as const);
    return { kind: 'dropView', at, views, ifExists };
  }
  const routine = reader.acceptOneOf(['trigger', 'procedure', 'function', 'event'] as const);
  if (routine !== null) {
    const ifExists = reader.acceptWords('if exists');
    return { kind: 'dropRoutine', at, routine, name: reader.tableName(), ifExists };
  }
  if (reader.acceptWord('index')) {
    const name = reader.acceptWord('primary') ? 'PRIMARY' : reader.name();
    reader.expectWord('on');
    const table = reader.tableName();
    parseOnlineHints(reader);
    return { kind: 'dropIndex', at, table, name };
  }
  if (reader.isWord('prepare')) {
    reader.next();
    return { kind: 'deallocate', at, name: reader.name() };
  }
  return parseRefused(reader, at, 'DROP');
}

/** RENAME, which is the current token. */
export function parseRename(reader: TokenReader): Result {
  const { at } = reader;
  reader.next();
  if (reader.acceptWord('user')) return parseRenameUser(reader, at);
  reader.expectOneOf(['table', 'tables'] as const);
  const renames = reader.list(() => {
    const from = reader.tableName();
    reader.expectWord('to');
    return { from, to: reader.tableName() };
  });
  return { kind: 'renameTable', at, renames };
}

/** TRUNCATE, which is the current token. */
export function parseTruncate(reader: TokenReader): Result {
  const { at } = reader;
  reader.next();
  reader.acceptWord('table');
  return { kind: 'truncateTable', at, table: reader.tableName() };
}
