// Whether an account may do what a statement asks for; if not, MySQL's error says what is missing.

import type { Statement } from '#aggregator/parser/ast.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { AccountDefinition } from './account.ts';
import type { AccountIdentity, Accounts } from './accounts.ts';
import { checkDefiner, checkView, type FindView, type ViewRights } from './authorize-views.ts';
import { allPrivileges, hasAny, hasPrivilege } from './privilege.ts';
import { requiredPrivileges } from './required-privileges.ts';
import type { Requirement } from './requirement.ts';

/** Databases of views that show each caller what it may see. */
const openDatabases = new Set(['information_schema', 'performance_schema', 'sys', 'mysql']);
const everyPrivilege = allPrivileges('global').length;

/** What `authorize` needs of a session. */
export interface Caller {
  readonly account: AccountIdentity;
  readonly database: string | null;
}

/** Checks statements before they are planned. */
export interface Authorizer {
  /** Throws databaseAccessDenied, commandDenied, privilegeRequired, and what a view's checks do. */
  authorize(caller: Caller, statement: Statement): void;
  /**
   * Rises with every change of what anyone is allowed: a statement that was allowed for an account
   * and a database at one version need not be asked about again at the same.
   */
  readonly version: number;
}

export function createAuthorizer(accounts: Accounts, findView: FindView): Authorizer {
  const rights: ViewRights = { findView, definer: (name) => accounts.find(name), allows };
  return {
    authorize(caller, statement) {
      const account = accounts.find(caller.account);
      if (account?.passwordExpired === true) refuseWithoutNewPassword(statement);
      if (account !== null && allowsEverything(account)) return;
      for (const requirement of requiredPrivileges(statement, caller.database)) {
        if (account === null || !allows(account, requirement)) throw denial(requirement, caller);
        checkView(rights, account, { statement, requirement });
      }
      if (statement.kind === 'createView' || statement.kind === 'alterView') {
        checkDefiner(rights, caller, statement);
      }
    },
    get version() {
      return accounts.version;
    },
  };
}

/** Who must change the password may do that alone, as in MySQL. Throws passwordExpired. */
function refuseWithoutNewPassword(statement: Statement): void {
  if (statement.kind === 'alterUser' || statement.kind === 'set') return;
  throw databaseError('passwordExpired', {});
}

function allowsEverything(account: AccountDefinition): boolean {
  return account.grants.some(
    (grant) => grant.database === null && grant.privileges.length === everyPrivilege,
  );
}

/** True where the account meets the requirement. */
function allows(account: AccountDefinition, requirement: Requirement): boolean {
  const { anyOf, database } = requirement;
  if (database !== null && openDatabases.has(database.toLowerCase())) return isReadOnly(anyOf);
  return anyOf.some((name) =>
    name === 'ANY' ? hasAny(account, requirement) : hasPrivilege(account, name, requirement),
  );
}

function isReadOnly(anyOf: readonly string[]): boolean {
  return anyOf.includes('SELECT') || anyOf.includes('ANY');
}

function denial(requirement: Requirement, caller: Caller): DatabaseError {
  const { user, host } = caller.account;
  const { anyOf, database, table } = requirement;
  if (database === null) {
    return databaseError('privilegeRequired', { privilege: anyOf.join(', ') });
  }
  if (table === null) return databaseError('databaseAccessDenied', { user, host, database });
  const command = anyOf[0] === 'ANY' ? 'SELECT' : (anyOf[0] ?? 'SELECT');
  return databaseError('commandDenied', { command, user, host, table });
}
