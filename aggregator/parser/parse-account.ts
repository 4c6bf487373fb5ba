// CREATE, ALTER, DROP and RENAME USER, GRANT and REVOKE.

import type {
  AccountAuthentication,
  AccountChange,
  AccountName,
  AccountOptions,
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
  if (reader.acceptWord('as')) return { plugin, password: null, hash: parseHash(reader) };
  return { plugin, password: null, hash: null };
}

/** A hash as text or, since some hold bytes that are none, as 0x…. */
function parseHash(reader: TokenReader): string {
  const { lexer } = reader;
  if (lexer.kind !== 'hex') return reader.string();
  const hash = Buffer.from(lexer.value, 'hex').toString('latin1');
  reader.next();
  return hash;
}

function parseAccountChange(reader: TokenReader): AccountChange {
  const { at } = reader;
  const account = parseAccountName(reader);
  return { at, account, authentication: parseAuthentication(reader) };
}

/** REQUIRE SSL, ACCOUNT LOCK, PASSWORD EXPIRE, …; of the rest only what changes nothing. */
function parseAccountOptions(reader: TokenReader): AccountOptions {
  let { requires, locked, passwordExpired }: AccountOptions = nothingSaid;
  while (!reader.isEnd()) {
    if (reader.acceptWord('require')) {
      requires = parseRequire(reader);
    } else if (reader.acceptWord('account')) {
      locked = reader.expectOneOf(['lock', 'unlock'] as const) === 'lock';
    } else if (reader.acceptWords('password expire')) {
      passwordExpired = parseExpire(reader) ?? passwordExpired;
    } else if (!acceptDefault(reader)) {
      if (reader.isWord('password')) throw reader.unsupported('PASSWORD options');
      if (reader.isWord('with')) throw reader.unsupported('WITH resource options');
      if (reader.isWord('default')) throw reader.unsupported('DEFAULT ROLE');
      throw reader.syntaxError();
    }
  }
  return { requires, locked, passwordExpired };
}

const nothingSaid: AccountOptions = { requires: null, locked: null, passwordExpired: null };

function parseRequire(reader: TokenReader): 'none' | 'ssl' | 'x509' {
  const what = reader.acceptOneOf(['none', 'ssl', 'x509'] as const);
  if (what !== null) return what;
  throw reader.unsupported('REQUIRE ISSUER, SUBJECT and CIPHER');
}

/** Null for what says when a password is going to expire: never. */
function parseExpire(reader: TokenReader): true | null {
  if (reader.isWord('interval')) throw reader.unsupported('PASSWORD EXPIRE INTERVAL');
  return reader.acceptOneOf(['never', 'default'] as const) === null ? true : null;
}

function acceptDefault(reader: TokenReader): boolean {
  return (
    reader.acceptWords('password history default') ||
    reader.acceptWords('password reuse interval default') ||
    reader.acceptWords('password require current default')
  );
}

/** Of GRANT, which says nothing of its accounts but what they already are. */
function refuseAccountOptions(reader: TokenReader): void {
  const options = parseAccountOptions(reader);
  const isSaid = Object.values(options).some((value) => value !== null && value !== 'none');
  if (isSaid) throw reader.unsupported('GRANT … REQUIRE; use ALTER USER');
}

/** What follows CREATE USER. */
export function parseCreateUser(reader: TokenReader, at: number): AccountStatement {
  const ifNotExists = reader.acceptWords('if not exists');
  const users = reader.list(() => parseAccountChange(reader));
  return { kind: 'createUser', at, ifNotExists, users, options: parseAccountOptions(reader) };
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
    return { kind: 'alterUser', at, ifExists, users, options: nothingSaid };
  }
  const users = reader.list(() => parseAccountChange(reader));
  return { kind: 'alterUser', at, ifExists, users, options: parseAccountOptions(reader) };
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
  refuseAccountOptions(reader);
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
