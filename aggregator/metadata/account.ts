// An account as plain data: who, from where, how it proves itself, and what it may do.

import { createHash } from 'node:crypto';

/** What is kept instead of a password. All null: the password is empty. */
export interface PasswordVerifiers {
  /** SHA1(SHA1(password)), for mysql_native_password. */
  readonly sha1: Uint8Array | null;
  /** SHA256(SHA256(password)), for caching_sha2_password. */
  readonly sha256: Uint8Array | null;
  /** MySQL's `$A$…` hash of an account taken over from there, one character a byte. */
  readonly crypt: string | null;
}

/** What its connections must be: anything, encrypted, or with a certificate that we can check. */
export type ConnectionRequirement = 'none' | 'ssl' | 'x509';

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
  readonly requires: ConnectionRequirement;
  readonly locked: boolean;
  /** PASSWORD EXPIRE: a new password is all that its clients may ask for. */
  readonly passwordExpired: boolean;
  readonly grants: readonly Grant[];
}

function twice(algorithm: 'sha1' | 'sha256', password: string): Uint8Array {
  const once = createHash(algorithm).update(password, 'utf8').digest();
  return new Uint8Array(createHash(algorithm).update(once).digest());
}

/** The verifiers of the empty password. */
export const noPassword: PasswordVerifiers = { sha1: null, sha256: null, crypt: null };

/** What an account is that was not told otherwise. */
export const plainAccount = {
  requires: 'none',
  locked: false,
  passwordExpired: false,
  grants: [],
} as const satisfies Partial<AccountDefinition>;

/** An account as the store has it: those of earlier versions lack what came later. */
export function storedAccount(value: unknown): AccountDefinition {
  const account = value as AccountDefinition;
  return { ...plainAccount, ...account, verifiers: { ...noPassword, ...account.verifiers } };
}

/** The verifiers of a password, from which it cannot be read back. */
export function makeVerifiers(password: string): PasswordVerifiers {
  if (password === '') return noPassword;
  return { sha1: twice('sha1', password), sha256: twice('sha256', password), crypt: null };
}

/** `'user'@'host'`, as messages and SHOW GRANTS write it. */
export function accountText(account: { readonly user: string; readonly host: string }): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return `${quoted(account.user)}@${quoted(account.host)}`;
}
