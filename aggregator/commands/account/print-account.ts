// An account and its grants as SHOW GRANTS and SHOW CREATE USER write them.

import type { AccountDefinition, Grant } from '#aggregator/metadata/account.ts';
import { allPrivileges, levelOf } from '#aggregator/metadata/privilege.ts';
import { nameText } from '#shared/sql/name-text.ts';

/** The lines of SHOW GRANTS. */
export function grantLines(account: AccountDefinition): readonly string[] {
  const who = grantee(account);
  const global = account.grants.find((each) => each.database === null);
  const others = account.grants.filter((each) => each !== global);
  const usage = `GRANT USAGE ON *.* TO ${who}`;
  const first = global === undefined ? usage : grantLine(global, who);
  return [first, ...others.map((each) => grantLine(each, who)).sort()];
}

/** `user`@`host`, as SHOW GRANTS writes it. */
function grantee({ user, host }: { readonly user: string; readonly host: string }): string {
  return `${nameText(user)}@${nameText(host)}`;
}

function grantLine(each: Grant, who: string): string {
  const all = allPrivileges(levelOf(each));
  const isAll = all.every((name) => each.privileges.includes(name));
  const ordered = all.filter((name) => each.privileges.includes(name)).join(', ');
  const names = isAll ? 'ALL PRIVILEGES' : ordered === '' ? 'USAGE' : ordered;
  const database = each.database === null ? '*' : nameText(each.database);
  const table = each.table === null ? '*' : nameText(each.table);
  const option = each.grantOption ? ' WITH GRANT OPTION' : '';
  return `GRANT ${names} ON ${database}.${table} TO ${who}${option}`;
}

/** CREATE USER as SHOW CREATE USER writes it: never with the verifiers. */
export function createUserLine(account: AccountDefinition): string {
  const { verifiers, requires, locked, passwordExpired } = account;
  const { sha1, sha256, crypt } = verifiers;
  const isNative = sha1 !== null && sha256 === null && crypt === null;
  const plugin = isNative ? 'mysql_native_password' : 'caching_sha2_password';
  return (
    `CREATE USER ${grantee(account)} IDENTIFIED WITH '${plugin}' ` +
    `REQUIRE ${requires.toUpperCase()} PASSWORD EXPIRE${passwordExpired ? '' : ' DEFAULT'} ` +
    `ACCOUNT ${locked ? 'LOCK' : 'UNLOCK'}`
  );
}
