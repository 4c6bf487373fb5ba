// USER_PRIVILEGES, SCHEMA_PRIVILEGES and TABLE_PRIVILEGES: the grants as tables.

import { accountText, type AccountDefinition, type Grant } from '#aggregator/metadata/account.ts';
import {
  virtualColumns,
  type VirtualRow,
  type VirtualScope,
  type VirtualTable,
} from './virtual-table.ts';

/** Everyone's with the right to change them, else one's own. */
function visibleAccounts(scope: VirtualScope): readonly AccountDefinition[] {
  if (scope.holds('CREATE USER', 'SUPER')) return scope.accounts.list();
  return scope.account === null ? [] : [scope.account];
}

function grantRows(scope: VirtualScope, isMeant: (grant: Grant) => boolean): readonly VirtualRow[] {
  return visibleAccounts(scope).flatMap((account) =>
    account.grants.filter(isMeant).flatMap((grant) =>
      grant.privileges.map((privilege) => ({
        GRANTEE: accountText(account),
        TABLE_CATALOG: 'def',
        TABLE_SCHEMA: grant.database,
        TABLE_NAME: grant.table,
        PRIVILEGE_TYPE: privilege,
        IS_GRANTABLE: grant.grantOption ? 'YES' : 'NO',
      })),
    ),
  );
}

/** An account without global privileges has USAGE, as in MySQL. */
function userRows(scope: VirtualScope): readonly VirtualRow[] {
  const granted = grantRows(scope, (grant) => grant.database === null);
  const named = new Set(granted.map((row) => row['GRANTEE']));
  const usage = visibleAccounts(scope)
    .filter((account) => !named.has(accountText(account)))
    .map((account) => ({
      GRANTEE: accountText(account),
      TABLE_CATALOG: 'def',
      PRIVILEGE_TYPE: 'USAGE',
      IS_GRANTABLE: 'NO',
    }));
  return [...granted, ...usage];
}

export const privilegeTables: readonly VirtualTable[] = [
  {
    name: 'USER_PRIVILEGES',
    columns: virtualColumns(`
      GRANTEE text
      TABLE_CATALOG name64
      PRIVILEGE_TYPE name64
      IS_GRANTABLE yes`),
    rows: userRows,
  },
  {
    name: 'SCHEMA_PRIVILEGES',
    columns: virtualColumns(`
      GRANTEE text
      TABLE_CATALOG name64
      TABLE_SCHEMA name64
      PRIVILEGE_TYPE name64
      IS_GRANTABLE yes`),
    rows: (scope) => grantRows(scope, (grant) => grant.database !== null && grant.table === null),
  },
  {
    name: 'TABLE_PRIVILEGES',
    columns: virtualColumns(`
      GRANTEE text
      TABLE_CATALOG name64
      TABLE_SCHEMA name64
      TABLE_NAME name64
      PRIVILEGE_TYPE name64
      IS_GRANTABLE yes`),
    rows: (scope) => grantRows(scope, (grant) => grant.table !== null),
  },
];
