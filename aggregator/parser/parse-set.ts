// SET: variables, NAMES, CHARACTER SET, TRANSACTION and PASSWORD.

import type { AdministrationStatement, SetItem } from './ast-administration.ts';
import type { Expression } from './ast-query.ts';
import { parseAccountName } from './parse-account.ts';
import { parseTransactionTraits } from './parse-transaction.ts';
import type { TokenReader } from './token-reader.ts';

type Scope = 'session' | 'global';

/** SET, which is the current token. */
export function parseSet(reader: TokenReader): AdministrationStatement {
  const { at } = reader;
  reader.next();
  for (const what of ['role', 'default role', 'resource group']) {
    const mark = reader.mark();
    if (!reader.acceptWords(what)) continue;
    if (!reader.isOperator('=') && !reader.isOperator(':=')) {
      throw reader.unsupported(`SET ${what.toUpperCase()}`);
    }
    reader.reset(mark);
  }
  const items: SetItem[] = [];
  let scope: Scope = 'session';
  do {
    const written = parseScope(reader);
    scope = written ?? scope;
    items.push(parseItem(reader, scope, written));
  } while (reader.acceptOperator(','));
  return { kind: 'set', at, items };
}

/** GLOBAL, SESSION, LOCAL, PERSIST before a name; PERSIST_ONLY is refused. */
function parseScope(reader: TokenReader): Scope | null {
  if (reader.isWord('persist_only')) throw reader.unsupported('SET PERSIST_ONLY');
  const word = reader.acceptOneOf(['global', 'session', 'local', 'persist'] as const);
  if (word === null) return null;
  return word === 'global' || word === 'persist' ? 'global' : 'session';
}

function parseItem(reader: TokenReader, scope: Scope, written: Scope | null): SetItem {
  const { at } = reader;
  if (reader.isWord('transaction')) {
    reader.next();
    const traits = parseTransactionTraits(reader);
    return { kind: 'transaction', at, scope: written ?? 'next', ...traits };
  }
  if (written === null) {
    const special = parseSpecial(reader, at);
    if (special !== null) return special;
    if (reader.lexer.kind === 'userVariable') {
      const name = reader.userVariable();
      expectAssign(reader);
      return { kind: 'userVariable', at, name, value: reader.parseExpression() };
    }
    if (reader.acceptOperator('@@')) return parseSystemItem(reader, at, parseAtScope(reader));
  }
  return parseSystemItem(reader, at, scope);
}

/** The scope of `@@global.name`; the session where none is written. */
function parseAtScope(reader: TokenReader): Scope {
  const mark = reader.mark();
  const scope = parseScope(reader);
  if (scope !== null && reader.acceptOperator('.')) return scope;
  reader.reset(mark);
  return 'session';
}

function expectAssign(reader: TokenReader): void {
  if (!reader.acceptOperator(':=')) reader.expectOperator('=');
}

function parseSystemItem(reader: TokenReader, at: number, scope: Scope): SetItem {
  let name = reader.nameAfterDot().toLowerCase();
  if (reader.acceptOperator('.')) name += `.${reader.nameAfterDot().toLowerCase()}`;
  expectAssign(reader);
  return { kind: 'systemVariable', at, scope, name, value: parseValue(reader) };
}

/** An expression, DEFAULT (null), or a bare word such as ON, which is a string. */
function parseValue(reader: TokenReader): Expression | null {
  const { at, lexer } = reader;
  if (reader.acceptWord('default')) return null;
  const mark = reader.mark();
  if (lexer.kind === 'word' && !['null', 'true', 'false'].includes(lexer.keyword)) {
    const { value } = lexer;
    reader.next();
    if (reader.isEnd() || reader.isOperator(',')) {
      return { kind: 'string', at, value, charset: null };
    }
    reader.reset(mark);
  }
  return reader.parseExpression();
}

/** NAMES, CHARACTER SET and PASSWORD; null when it is a variable. */
function parseSpecial(reader: TokenReader, at: number): SetItem | null {
  if (reader.isWord('names')) {
    const mark = reader.mark();
    reader.next();
    if (reader.isOperator('=') || reader.isOperator(':=')) reader.reset(mark);
    else return parseNames(reader, at);
  }
  const isCharset = ['character set', 'char set', 'charset'].some((words) => {
    return reader.acceptWords(words);
  });
  if (isCharset) {
    const name = reader.charsetName();
    return { kind: 'characterSet', at, charset: name === 'default' ? null : name };
  }
  if (reader.isWord('password')) {
    reader.next();
    const account = reader.acceptWord('for') ? parseAccountName(reader) : null;
    expectAssign(reader);
    return { kind: 'password', at, account, password: reader.string() };
  }
  return null;
}

function parseNames(reader: TokenReader, at: number): SetItem {
  const name = reader.charsetName();
  const charset = name === 'default' ? null : name;
  const collation = reader.acceptWord('collate') ? reader.charsetName() : null;
  return { kind: 'names', at, charset, collation: collation === 'default' ? null : collation };
}
