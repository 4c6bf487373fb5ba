// CREATE, ALTER, DROP and RENAME USER, and SET PASSWORD.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import {
  accountText,
  makeVerifiers,
  noPassword,
  plainAccount,
  type AccountDefinition,
  type PasswordVerifiers,
} from '#aggregator/metadata/account.ts';
import type { AccountIdentity, Accounts } from '#aggregator/metadata/accounts.ts';
import { parseCryptHash } from '#aggregator/metadata/sha256-crypt.ts';
import type { AccountAuthentication, AccountName, AccountOptions } from '#aggregator/parser/ast.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';

/** The account that a statement names; CURRENT_USER is the session's. */
export function identityOf(session: Session, name: AccountName): AccountIdentity {
  return name.current ? session.account : { user: name.user, host: name.host };
}

const nativeHash = /^\*[0-9A-Fa-f]{40}$/;

/** Verifiers of what IDENTIFIED says. No clause: no password. */
function verifiersOf(authentication: AccountAuthentication | null): PasswordVerifiers {
  if (authentication === null) return makeVerifiers('');
  const { plugin, password, hash } = authentication;
  if (plugin !== null && !isKnownPlugin(plugin)) {
    throw databaseError('unsupported', { what: `IDENTIFIED WITH ${plugin}` });
  }
  if (hash === null) return pinned(makeVerifiers(password ?? ''), plugin);
  if (hash === '') return noPassword;
  const isSha2 = plugin?.toLowerCase() === 'caching_sha2_password';
  if (isSha2 && parseCryptHash(hash) !== null) return { ...noPassword, crypt: hash };
  if (isSha2 || !nativeHash.test(hash)) throw databaseError('wrongPasswordHash', {});
  return { ...noPassword, sha1: new Uint8Array(Buffer.from(hash.slice(1), 'hex')) };
}

/** An account made for one plugin keeps that plugin's verifier alone. */
function pinned(verifiers: PasswordVerifiers, plugin: string | null): PasswordVerifiers {
  if (plugin?.toLowerCase() === 'mysql_native_password') return { ...verifiers, sha256: null };
  if (plugin?.toLowerCase() === 'caching_sha2_password') return { ...verifiers, sha1: null };
  return verifiers;
}

function isKnownPlugin(plugin: string): boolean {
  return ['caching_sha2_password', 'mysql_native_password'].includes(plugin.toLowerCase());
}

/** What REQUIRE, ACCOUNT and PASSWORD EXPIRE change. */
function changesOf({ requires, locked, passwordExpired }: AccountOptions) {
  return {
    ...(requires === null ? {} : { requires }),
    ...(locked === null ? {} : { locked }),
    ...(passwordExpired === null ? {} : { passwordExpired }),
  };
}

/** All of the accounts or, as in MySQL 8, none of them. */
async function forAll<T extends AccountIdentity>(
  identities: readonly T[],
  problem: (identity: T) => boolean,
  options: { readonly command: string; readonly tolerate: boolean; readonly session: Session },
): Promise<readonly T[]> {
  const { command, tolerate, session } = options;
  const bad = identities.filter(problem);
  if (bad.length === 0) return identities;
  const user = bad.map(accountText).join(',');
  if (!tolerate) throw databaseError('userExists', { command, user });
  const isCreate = command === 'CREATE USER';
  for (const each of bad) {
    const state = isCreate ? 'already exists' : 'does not exist';
    session.warn('Note', isCreate ? 3163 : 3162, `Authorization ID ${accountText(each)} ${state}.`);
  }
  return identities.filter((identity) => !problem(identity));
}

function createUser(accounts: Accounts): Command<'createUser'> {
  return async (_context, session, { users, ifNotExists, options: said }) => {
    const named = users.map(({ account, authentication }) => ({
      ...identityOf(session, account),
      verifiers: verifiersOf(authentication),
    }));
    const options = { command: 'CREATE USER', tolerate: ifNotExists, session };
    const wanted = await forAll(named, (each) => accounts.find(each) !== null, options);
    for (const { user, host, verifiers } of wanted) {
      if (user.includes('\0') || user.length > 32 || host.length > 255) {
        throw databaseError('userExists', {
          command: 'CREATE USER',
          user: accountText({ user, host }),
        });
      }
      await accounts.create({ ...plainAccount, ...changesOf(said), user, host, verifiers });
    }
    return ok();
  };
}

function alterUser(accounts: Accounts): Command<'alterUser'> {
  return async (_context, session, { users, ifExists, options: said }) => {
    const named = users.map(({ account, authentication }) => ({
      ...identityOf(session, account),
      authentication,
    }));
    const options = { command: 'ALTER USER', tolerate: ifExists, session };
    const wanted = await forAll(named, (each) => accounts.find(each) === null, options);
    for (const each of wanted) {
      const password =
        each.authentication === null
          ? {}
          : { verifiers: verifiersOf(each.authentication), passwordExpired: false };
      await accounts.change('ALTER USER', each, (account) => ({
        ...account,
        ...password,
        ...changesOf(said),
      }));
    }
    return ok();
  };
}

function dropUser(accounts: Accounts): Command<'dropUser'> {
  return async (_context, session, { users, ifExists }) => {
    const named = users.map((user) => identityOf(session, user));
    const options = { command: 'DROP USER', tolerate: ifExists, session };
    const wanted = await forAll(named, (each) => accounts.find(each) === null, options);
    for (const each of wanted) await accounts.drop(each);
    return ok();
  };
}

function renameUser(accounts: Accounts): Command<'renameUser'> {
  return async (_context, session, { renames }) => {
    for (const rename of renames) {
      const from = identityOf(session, rename.from);
      const to = identityOf(session, rename.to);
      const account: AccountDefinition | null = accounts.find(from);
      if (account === null || accounts.find(to) !== null) {
        throw databaseError('userExists', { command: 'RENAME USER', user: accountText(from) });
      }
      await accounts.create({ ...account, user: to.user, host: to.host });
      await accounts.drop(from);
    }
    return ok();
  };
}

/** SET PASSWORD [FOR user]. */
export function createSetPassword(accounts: Accounts) {
  return async (session: Session, name: AccountName | null, password: string): Promise<void> => {
    const identity = name === null ? session.account : identityOf(session, name);
    const verifiers = makeVerifiers(password);
    try {
      await accounts.change('SET PASSWORD', identity, (account) => ({
        ...account,
        verifiers,
        passwordExpired: false,
      }));
    } catch (cause) {
      const unknown = cause instanceof DatabaseError && cause.is('userExists');
      throw unknown ? databaseError('passwordNoUser', {}) : cause;
    }
  };
}

export function createAccountCommands(accounts: Accounts): CommandTable {
  return {
    createUser: createUser(accounts),
    alterUser: alterUser(accounts),
    dropUser: dropUser(accounts),
    renameUser: renameUser(accounts),
  };
}
