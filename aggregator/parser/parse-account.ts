// CREATE, ALTER, DROP and RENAME USER, GRANT and REVOKE.

import type {
  AccountAuthentication,
  AccountChange,
  AccountName,
  AccountStatement,
  GrantLevel,
  GrantPrivilege,
} from './ast-administration.ts';
import type { TokenReader } from './token-reader.ts';

/** 'user'@'host', user@host, user, or CURRENT_USER[()]. */
export function parseAccountName(reader: TokenReader): AccountName {
  const { at, lexer } = reader;
  if (reader.acceptWord('current_user')) {
    if (reader.acceptOperator('(')) reader.expectOperator(')');
    return { at, user: '', host: '', current: true };
  }
  const user = reader.nameOrString();
  let host = '%';
  if (lexer.kind === 'userVariable') {
    host = lexer.value;
    reader.next();
    // A bare host may hold hyphens, which are no part of a variable's name.
    while (reader.isOperator('-') && lexer.start === reader.lastEnd) {
      reader.next();
      host += `-${lexer.value}`;
      reader.next();
    }
  }
  return { at, user, host: host.toLowerCase(), current: false };
}

function parseAuthentication(reader: TokenReader): AccountAuthentication | null {
  if (!reader.acceptWord('identified')) return null;
  if (reader.acceptWord('by')) {
    if (reader.acceptWord('random')) throw reader.unsupported('RANDOM PASSWORD');
    if (reader.acceptWord('password')) {
      return { plugin: null, password: null, hash: reader.string() };
    }
    return { plugin: null, password: reader.string(), hash: null };
  }
  reader.expectWord('with');
  const plugin = reader.nameOrString();
  if (reader.acceptWord('by')) return { plugin, password: reader.string(), hash: null };
  if (reader.acceptWord('as')) return { plugin, password: null, hash: reader.string() };
  return { plugin, password: null, hash: null };
}

function parseAccountChange(reader: TokenReader): AccountChange {
  const { at } = reader;
  const account = parseAccountName(reader);
  return { at, account, authentication: parseAuthentication(reader) };
}

/** REQUIRE NONE, PASSWORD EXPIRE NEVER, ACCOUNT UNLOCK, …: only what changes nothing is taken. */
function parseAccountOptions(reader: TokenReader): void {
  while (!reader.isEnd()) {
    if (reader.acceptWords('require none') || reader.acceptWords('account unlock')) continue;
    if (reader.acceptWords('password expire never')) continue;
    if (reader.acceptWords('password expire default')) continue;
    if (reader.acceptWords('password history default')) continue;
    if (reader.acceptWords('password reuse interval default')) continue;
    if (reader.acceptWords('password require current default')) continue;
    if (reader.isWord('require')) throw reader.unsupported('REQUIRE');
    if (reader.isWord('account')) throw reader.unsupported('ACCOUNT LOCK');
    if (reader.isWord('password')) throw reader.unsupported('PASSWORD options');
    if (reader.isWord('with')) throw reader.unsupported('WITH resource options');
    if (reader.isWord('default')) throw reader.unsupported('DEFAULT ROLE');
    throw reader.syntaxError();
  }
}

/** What follows CREATE USER. */
export function parseCreateUser(reader: TokenReader, at: number): AccountStatement {
  const ifNotExists = reader.acceptWords('if not exists');
  const users = reader.list(() => parseAccountChange(reader));
  parseAccountOptions(reader);
  return { kind: 'createUser', at, ifNotExists, users };
}

/** What follows ALTER USER. */
export function parseAlterUser(reader: TokenReader, at: number): AccountStatement {
  const ifExists = reader.acceptWords('if exists');
  // ALTER USER USER() IDENTIFIED BY '…' is about the session's own account.
  const isOwn = reader.isWord('user') && reader.lexer.isBeforeParenthesis();
  if (isOwn) {
    const account: AccountName = { at: reader.at, user: '', host: '', current: true };
    reader.next();
    reader.next();
    reader.expectOperator(')');
    const users = [{ at: account.at, account, authentication: parseAuthentication(reader) }];
    return { kind: 'alterUser', at, ifExists, users };
  }
  const users = reader.list(() => parseAccountChange(reader));
  parseAccountOptions(reader);
  return { kind: 'alterUser', at, ifExists, users };
}

/** What follows DROP USER. */
export function parseDropUser(reader: TokenReader, at: number): AccountStatement {
  const ifExists = reader.acceptWords('if exists');
  return {
    kind: 'dropUser',
    at,
    ifExists,
    users: reader.list(() => parseAccountName(reader)),
  };
}

/** What follows RENAME USER. */
export function parseRenameUser(reader: TokenReader, at: number): AccountStatement {
  const renames = reader.list(() => {
    const from = parseAccountName(reader);
    reader.expectWord('to');
    return { from, to: parseAccountName(reader) };
  });
  return { kind: 'renameUser', at, renames };
}

/** GRANT, which is the current token. */
export function parseGrant(reader: TokenReader): AccountStatement {
  const { at } = reader;
  reader.next();
  if (reader.isWord('proxy')) throw reader.unsupported('GRANT PROXY');
  const privileges = reader.list(() => parsePrivilege(reader));
  if (!reader.isWord('on')) throw reader.unsupported('GRANT of a role');
  reader.next();
  const level = parseLevel(reader);
  reader.expectWord('to');
  const users = reader.list(() => parseAccountChange(reader));
  const withGrantOption = reader.acceptWords('with grant option');
  parseAccountOptions(reader);
  return { kind: 'grant', at, privileges, level, users, withGrantOption };
}

/** REVOKE, which is the current token. */
export function parseRevoke(reader: TokenReader): AccountStatement {
  const { at } = reader;
  reader.next();
  reader.acceptWords('if exists');
  const privileges = reader.list(() => parsePrivilege(reader));
  let level: GrantLevel | null = null;
  if (reader.acceptWord('on')) level = parseLevel(reader);
  else if (privileges[0]?.name !== 'ALL PRIVILEGES') {
    throw reader.unsupported('REVOKE of a role');
  }
  reader.expectWord('from');
  const users = reader.list(() => parseAccountName(reader));
  return { kind: 'revoke', at, privileges, level, users };
}

/** The words up to a comma, a parenthesis, ON, TO or FROM: `CREATE TEMPORARY TABLES`. */
function parsePrivilege(reader: TokenReader): GrantPrivilege {
  const words: string[] = [];
  const { lexer } = reader;
  while (lexer.kind === 'word' && !['on', 'to', 'from'].includes(lexer.keyword)) {
    words.push(reader.anyWord().toUpperCase());
  }
  if (words.length === 0) {
    if (lexer.kind === 'string' || lexer.kind === 'quoted') throw reader.unsupported('roles');
    throw reader.syntaxError();
  }
  const name = words.join(' ');
  const columns = reader.isOperator('(') ? reader.parenthesized(() => reader.name()) : [];
  return { name: name === 'ALL' ? 'ALL PRIVILEGES' : name, columns };
}

function parseLevel(reader: TokenReader): GrantLevel {
  if (reader.isWord('function') || reader.isWord('procedure')) {
    throw reader.unsupported('GRANT on a stored routine');
  }
  reader.acceptWord('table');
  if (reader.acceptOperator('*')) {
    if (!reader.acceptOperator('.')) return { database: null, table: null, currentDatabase: true };
    reader.expectOperator('*');
    return { database: null, table: null, currentDatabase: false };
  }
  const first = reader.nameOrString();
  if (!reader.acceptOperator('.')) {
    return { database: null, table: first, currentDatabase: true };
  }
  if (reader.acceptOperator('*')) return { database: first, table: null, currentDatabase: false };
  return { database: first, table: reader.nameAfterDot(), currentDatabase: false };
}
