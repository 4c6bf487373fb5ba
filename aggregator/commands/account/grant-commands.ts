// GRANT and REVOKE.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { AccountDefinition, Grant, GrantScope } from '#aggregator/metadata/account.ts';
import type { Accounts } from '#aggregator/metadata/accounts.ts';
import {
  allPrivileges,
  fitsLevel,
  hasPrivilege,
  levelOf,
  mayGrant,
  privilegeNamed,
} from '#aggregator/metadata/privilege.ts';
import type {
  AccountChange,
  AccountName,
  GrantLevel,
  GrantPrivilege,
} from '#aggregator/parser/ast.ts';
import type { Session } from '#aggregator/session.ts';
import { ok } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import { identityOf } from './account-commands.ts';

interface Wanted {
  readonly scope: GrantScope;
  readonly privileges: readonly string[];
  readonly grantOption: boolean;
}

function scopeOf(session: Session, level: GrantLevel): GrantScope {
  if (!level.currentDatabase) return { database: level.database, table: level.table };
  if (session.database === null) throw databaseError('noDatabase', {});
  return { database: session.database, table: level.table };
}

/** The privileges by their names at that level. Throws where one makes no sense there. */
function wantedOf(scope: GrantScope, written: readonly GrantPrivilege[]): Wanted {
  const level = levelOf(scope);
  const names = new Set<string>();
  let grantOption = false;
  for (const { name, columns } of written) {
    if (columns.length > 0) throw databaseError('unsupported', { what: 'privileges of columns' });
    if (name === 'USAGE') continue;
    if (name === 'GRANT OPTION') grantOption = true;
    else if (name === 'ALL PRIVILEGES' || name === 'ALL') {
      for (const each of allPrivileges(level)) names.add(each);
    } else {
      const privilege = privilegeNamed(name);
      if (privilege === null) throw databaseError('unsupported', { what: `privilege ${name}` });
      if (!fitsLevel(privilege, level)) throw wrongLevel(level);
      names.add(privilege.name);
    }
  }
  return { scope, privileges: [...names], grantOption };
}

function wrongLevel(level: 'global' | 'database' | 'table') {
  if (level === 'table') return databaseError('illegalGrantForTable', {});
  return databaseError('wrongUsage', { first: 'DB GRANT', second: 'GLOBAL PRIVILEGES' });
}

/** Nobody gives what they do not have. */
function checkGrantor(accounts: Accounts, session: Session, wanted: Wanted): void {
  const account = accounts.find(session.account);
  const { scope } = wanted;
  const missing = wanted.privileges.filter(
    (name) => account === null || !hasPrivilege(account, name, scope),
  );
  if (account !== null && mayGrant(account, scope) && missing.length === 0) return;
  const { user, host } = session.account;
  if (scope.database === null)
    throw databaseError('accessDenied', { user, host, usingPassword: 'YES' });
  if (scope.table === null) {
    throw databaseError('databaseAccessDenied', { user, host, database: scope.database });
  }
  throw databaseError('commandDenied', { command: 'GRANT', user, host, table: scope.table });
}

function isAt(grant: Grant, scope: GrantScope): boolean {
  return grant.database === scope.database && grant.table === scope.table;
}

function withGrant(account: AccountDefinition, wanted: Wanted): AccountDefinition {
  const { scope, privileges, grantOption } = wanted;
  const old = account.grants.find((grant) => isAt(grant, scope));
  const all = new Set([...(old?.privileges ?? []), ...privileges]);
  const grant: Grant = {
    ...scope,
    privileges: [...all],
    grantOption: grantOption || old?.grantOption === true,
  };
  if (grant.privileges.length === 0 && !grant.grantOption) return account;
  return { ...account, grants: [...account.grants.filter((each) => each !== old), grant] };
}

function withoutGrant(account: AccountDefinition, wanted: Wanted): AccountDefinition {
  const old = account.grants.find((grant) => isAt(grant, wanted.scope));
  if (old === undefined) return account;
  const privileges = old.privileges.filter((name) => !wanted.privileges.includes(name));
  const grantOption = old.grantOption && !wanted.grantOption;
  const rest = account.grants.filter((each) => each !== old);
  const isEmpty = privileges.length === 0 && !grantOption;
  return { ...account, grants: isEmpty ? rest : [...rest, { ...old, privileges, grantOption }] };
}

/** GRANT makes no accounts, as since MySQL 8. */
function existing(accounts: Accounts, session: Session, names: readonly AccountName[]) {
  return names.map((name) => {
    const identity = identityOf(session, name);
    if (accounts.find(identity) === null) throw databaseError('grantNoUser', {});
    return identity;
  });
}

function refuseAuthentication(users: readonly AccountChange[]): void {
  if (users.some((user) => user.authentication !== null)) {
    throw databaseError('unsupported', { what: 'GRANT … IDENTIFIED BY; use CREATE USER first' });
  }
}

function grant(accounts: Accounts): Command<'grant'> {
  return async (_context, session, statement) => {
    refuseAuthentication(statement.users);
    const scope = scopeOf(session, statement.level);
    const written = wantedOf(scope, statement.privileges);
    const grantOption = written.grantOption || statement.withGrantOption;
    const wanted = { ...written, grantOption };
    checkGrantor(accounts, session, wanted);
    const names = statement.users.map((user) => user.account);
    for (const identity of existing(accounts, session, names)) {
      await accounts.change('GRANT', identity, (account) => withGrant(account, wanted));
    }
    return ok();
  };
}

function revoke(accounts: Accounts): Command<'revoke'> {
  return async (_context, session, statement) => {
    const identities = existing(accounts, session, statement.users);
    if (statement.level === null) {
      const everything = { database: null, table: null };
      checkGrantor(accounts, session, { scope: everything, privileges: [], grantOption: false });
      for (const identity of identities) {
        await accounts.change('REVOKE', identity, (account) => ({ ...account, grants: [] }));
      }
      return ok();
    }
    const wanted = wantedOf(scopeOf(session, statement.level), statement.privileges);
    checkGrantor(accounts, session, wanted);
    for (const identity of identities) {
      const account = accounts.find(identity);
      if (account !== null && !account.grants.some((each) => isAt(each, wanted.scope))) {
        throw databaseError('noSuchGrant', { user: identity.user, host: identity.host });
      }
      await accounts.change('REVOKE', identity, (current) => withoutGrant(current, wanted));
    }
    return ok();
  };
}

export function createGrantCommands(accounts: Accounts): CommandTable {
  return { grant: grant(accounts), revoke: revoke(accounts) };
}
