// An account as plain data: who, from where, how it proves itself, and what it may do.

import { createHash } from 'node:crypto';

/** What is kept instead of a password. Both null: the password is empty. */
export interface PasswordVerifiers {
  /** SHA1(SHA1(password)), for mysql_native_password. */
  readonly sha1: Uint8Array | null;
  /** SHA256(SHA256(password)), for caching_sha2_password. */
  readonly sha256: Uint8Array | null;
}

/** Where a grant holds: everywhere, in a database, or in a table. */
export interface GrantScope {
  /** Null for `*`. */
  readonly database: string | null;
  /** Null for `*`. */
  readonly table: string | null;
}

export interface Grant extends GrantScope {
  /** Names in upper case, as SHOW GRANTS prints them, without ALL and without GRANT OPTION. */
  readonly privileges: readonly string[];
  /** WITH GRANT OPTION. */
  readonly grantOption: boolean;
}

export interface AccountDefinition {
  readonly user: string;
  /** A host name, an address, or a pattern with `%` and `_`. */
  readonly host: string;
  readonly verifiers: PasswordVerifiers;
  readonly locked: boolean;
  readonly grants: readonly Grant[];
}

function twice(algorithm: 'sha1' | 'sha256', password: string): Uint8Array {
  const once = createHash(algorithm).update(password, 'utf8').digest();
  return new Uint8Array(createHash(algorithm).update(once).digest());
}

/** The verifiers of a password, from which it cannot be read back. */
export function makeVerifiers(password: string): PasswordVerifiers {
  if (password === '') return { sha1: null, sha256: null };
  return { sha1: twice('sha1', password), sha256: twice('sha256', password) };
}

/** `'user'@'host'`, as messages and SHOW GRANTS write it. */
export function accountText(account: { readonly user: string; readonly host: string }): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `${quoted(account.user)}@${quoted(account.host)}`;
}
